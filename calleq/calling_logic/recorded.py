"""How a recording is shown to whoever may see it."""

from calleq.calling_logic.recordings import RecordingView
from calleq.messages.answers import RecordedPartyView, RecordedView
from calleq.units import SECOND_US, utc_text


def view_of(equipment: str, view: RecordingView) -> RecordedView:
    """A recording of an element."""
    entry = view.entry
    parties = [
        RecordedPartyView(party.leg, party.attempt, party.number, utc_text(party.announced_at_us))
        for party in entry.parties
    ]
    return RecordedView(
        entry.recording,
        entry.call,
        equipment,
        entry.status,
        utc_text(view.begun_at_us),
        utc_text(view.changed_at_us),
        entry.length_us / SECOND_US,
        entry.octets,
        parties,
        entry.reason,
    )
