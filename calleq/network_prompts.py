"""What a network may have to say, so that it can be rendered before anybody listens."""

from calleq.media.contract import Prompt
from calleq.media.wording import announcement_text, apology_text, whisper_text
from calleq.scp.wording import pieces
from calleq.topology import Topology


def prompts_of(topology: Topology) -> list[Prompt]:
    """Every sentence the network may have to speak, so that it can be rendered beforehand."""
    names = dict.fromkeys(["", *(business.name for business in topology.businesses)])
    spoken = []
    for name in names:
        text, mark = announcement_text(name)
        spoken += [
            Prompt("speech", text, mark),
            Prompt("speech", whisper_text(name)),
            Prompt("speech", apology_text(name)),
        ]
    return spoken + _ordered(topology, spoken)


def _ordered(topology: Topology, spoken: list[Prompt]) -> list[Prompt]:
    """The sentences as SCPs order them, where those are not the sentences themselves."""
    if not topology.service_control_points:
        return []
    texts = [(prompt.text, prompt.mark) for prompt in spoken]
    texts += [(rule.closed_text, "") for one in topology.freephone for rule in one.rules]
    parts = [part.text for text, mark in texts if text for part in pieces(text, mark)]
    known = {prompt.text for prompt in spoken if not prompt.mark}
    return [Prompt("speech", text) for text in dict.fromkeys(parts) if text not in known]
