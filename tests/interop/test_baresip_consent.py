"""Consent asked of real telephones: a key by RTP events, words by real voice, never again.

Four baresips are called at once. Each waits until the question has been spoken, as a person would,
and answers: one presses 1, one says yes, one says no, one presses 9. What they say is a synthesised
voice at 8 kHz; it leaves as G.711 over RTP, and is understood by the recogniser's process.
"""

import contextlib
import pathlib
import wave
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from calleq.media.contract import Prompt
from calleq.media.prompts import SpokenPrompts
from tests import live
from tests.baresip import RATE_HZ, Telephone, until
from tests.live import LiveNetwork, at_once
from tests.sip_network import sip_file, telephone

pytestmark = pytest.mark.foreign("baresip")

PRESSES, SAYS_YES, SAYS_NO, OPTS_OUT = (f"+1212555012{place}" for place in (0, 2, 3, 4))
REPRESENTATIVES = ("+12125550144", "+12125550146")
LOUD = 500
QUIET_HZ = 0
SPOKEN_S = 0.9
"""A question is over when so long a time is quiet; its pauses are shorter."""
MORE = "".join(
    f'\n[[lines]]\nnumber = "{number}"\naccess = "sip"\npassword = "customer"\n'
    for number in (SAYS_YES, SAYS_NO, OPTS_OUT)
)
has_recogniser = find_spec("pocketsphinx") is not None


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveNetwork]:
    folder = tmp_path_factory.mktemp("consent")
    asking = 'consent = "key_or_speech"\nanswer_limit_s = 10.0\n'
    before = 'representatives = ["+12125550143"]\n'
    one, other = REPRESENTATIVES
    file = sip_file(folder, (before, f'representatives = ["{one}", "{other}"]\n{asking}'))
    with file.open("a", encoding="utf-8") as more:
        more.write(f'{MORE}\n[[lines]]\nnumber = "{other}"\n')
    with LiveNetwork(folder / "data", "--network", str(file), "--talk", "2") as running:
        yield running


def quiet_again(telephone: Telephone) -> bool:
    """Whether somebody has spoken, and has fallen silent."""
    if not list((telephone.folder / "heard").glob("dump-*-dec.wav")):
        return False
    loud = np.abs(telephone.heard().astype(int)) > LOUD
    lately = loud[-int(SPOKEN_S * RATE_HZ) :]
    return bool(loud.any()) and not lately.any()


def spoken(path: pathlib.Path, word: str) -> pathlib.Path:
    """A synthesised voice that says a word, with quiet before and long after."""
    assert live.RENDERED is not None
    speech = SpokenPrompts(pathlib.Path(live.RENDERED)).samples(Prompt("speech", word))
    quiet = np.zeros(RATE_HZ // 2, dtype=np.int16)
    whole = np.concatenate((quiet, speech, np.tile(quiet, 120)))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(whole.astype("<i2").tobytes())
    return path


def called(network: LiveNetwork, customer: str, answers: Callable[[], object]) -> dict[str, Any]:
    """A message is posted for a customer; the call, ended, with its timeline."""
    message = {"business_id": "abc", "password": "abc-demo", "customer_number": customer}
    reply = network.post(message)
    assert reply.status_code == 202, reply.text
    call: str = reply.json()["call"]
    network.wait_for_event(call, "consent_asked")
    answers()
    return {**network.follow(call), "events": network.events(call)}


def presses(telephone: Telephone, key: str) -> None:
    until(lambda: quiet_again(telephone), 20.0, lambda: f"no question in {telephone.log()}")
    telephone.command("sndcode", key)


def says(telephone: Telephone, word: str) -> None:
    file = spoken(telephone.folder / f"{word}.wav", word)
    until(lambda: quiet_again(telephone), 20.0, lambda: f"no question in {telephone.log()}")
    telephone.command("ausrc", f"aufile,{file}")


def outcome(call: dict[str, Any]) -> tuple[str, str, list[str]]:
    """The state, what was answered, and who was called."""
    answered = [one["detail"] for one in call["events"] if one["event"] == "consent_answered"]
    return call["state"], *answered, [leg["number"] for leg in call["legs"]]


@pytest.mark.row("S2-100")
@pytest.mark.row("S2-60", part=True)
def test_real_telephones_answer_by_keys_and_words(
    network: LiveNetwork, tmp_path: pathlib.Path
) -> None:
    answers: dict[str, Callable[[Telephone], object]] = {
        PRESSES: partial(presses, key="1"),
        OPTS_OUT: partial(presses, key="9"),
    }
    if has_recogniser:
        answers |= {SAYS_YES: partial(says, word="yes"), SAYS_NO: partial(says, word="no")}
    file = network.data.parent / "gateway.toml"
    with contextlib.ExitStack() as running:
        customers = {
            number: running.enter_context(telephone(tmp_path, file, number, tone_hz=QUIET_HZ))
            for number in answers
        }
        for customer in customers.values():
            customer.wait_for("200 OK")
        ends = at_once(
            *(
                partial(called, network, number, partial(answer, customers[number]))
                for number, answer in answers.items()
            )
        )
    found = {number: outcome(call) for number, call in zip(answers, ends, strict=True)}
    connected = {number: found[number] for number in found if found[number][0] == "completed"}
    assert [one[1] for one in found.values()] == ["key_1", "opted_out", "yes", "no"][: len(found)]
    assert set(connected) == {PRESSES, SAYS_YES} & set(found)
    for number, (state, _, rung) in found.items():
        if number in connected:
            assert rung[0] == number
            assert rung[-1] in REPRESENTATIVES
        else:
            assert (state, rung) == ("customer_rejected", [number]), "nobody else is rung"
    refused = network.post(
        {"business_id": "abc", "password": "abc-demo", "customer_number": OPTS_OUT}
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "do_not_call")
