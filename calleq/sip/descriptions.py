"""Both sides' descriptions in one session, and whose turn it is (RFC 3264, RFC 6337).

Owns what we last said of ourselves, with its version, and what is out. `negotiation` has the rules;
here they have a memory. Not its turn is SipError for what they sent; for ours it is the owner's to
look at `turn` first.
"""

import msgspec

from calleq.sip.bounds import SipError
from calleq.sip.negotiation import (
    TURNS,
    Agreed,
    Local,
    Move,
    Turn,
    Verdict,
    answer,
    offer,
    settle,
)
from calleq.sip.sdp import Description


class Descriptions:
    """One session's."""

    __slots__ = ("_out_local", "described", "local", "out", "theirs", "turn")

    def __init__(self) -> None:
        self.turn = Turn.STABLE
        self.local: Local | None = None
        """What is agreed on our side."""
        self.described: Description | None = None
        """As they were told."""
        self.theirs: Description | None = None
        """Their last description."""
        self.out: Description | None = None
        """Our offer that is not answered."""
        self._out_local: Local | None = None

    def _move(self, move: Move) -> Verdict:
        verdict, self.turn = TURNS[self.turn, move]
        return verdict

    def _as_ours(self, local: Local) -> Local:
        """With the identifier and version of our session."""
        before = self.local
        if before is None:
            return local
        return msgspec.structs.replace(local, session_id=before.session_id, version=before.version)

    def _versioned(self, local: Local, made: Description) -> tuple[Local, Description]:
        """With a version that counts up where anything changed (RFC 3264 §8)."""
        if self.described is None or made == self.described:
            return local, made
        version = local.version + 1
        return (
            msgspec.structs.replace(local, version=version),
            msgspec.structs.replace(made, version=version),
        )

    def copy(self) -> "Descriptions":
        """For another dialog of the same offer."""
        made = Descriptions()
        for name in self.__slots__:
            setattr(made, name, getattr(self, name))
        return made

    def offer(self, local: Local) -> Description:
        """Our offer, which is out now."""
        verdict = self._move(Move.OFFER_SENT)
        assert verdict is Verdict.TAKE, "the owner looks at `turn` first"
        local = self._as_ours(local)
        self._out_local, self.out = self._versioned(local, offer(local))
        return self.out

    def offer_again(self) -> Description:
        """What we last said, as an offer: it changes nothing (RFC 4028 §7.4)."""
        assert self.described is not None, "the owner has looked"
        self._move(Move.OFFER_SENT)
        self.out, self._out_local = self.described, self.local
        return self.described

    def preview(self, theirs: Description) -> Agreed | None:
        """What their answer in an answer that may be lost comes to; our offer stays out. Raises
        SipError."""
        return settle(self.out, theirs) if self.out is not None else None

    def settle(self, theirs: Description) -> Agreed:
        """What their answer to our offer comes to. Raises SipError where it comes to nothing: our
        offer is not out any more then, and what was agreed before stays."""
        out, local = self.out, self._out_local
        self.out = self._out_local = None
        if self._move(Move.ANSWER_RECEIVED) is not Verdict.TAKE or out is None:
            raise SipError("an answer to nothing")
        agreed = settle(out, theirs)
        if agreed is None:
            raise SipError("an answer that refuses the voice")
        self.local, self.described, self.theirs = local, out, theirs
        return agreed

    def refused(self) -> None:
        """What was offered is refused."""
        self.out = self._out_local = None
        self._move(Move.REFUSED)

    def offered(self, theirs: Description) -> Verdict:
        """Their offer came: TAKE, GLARE or TOO_EARLY."""
        return self._move(Move.OFFER_RECEIVED)

    def is_as_before(self, theirs: Description) -> bool:
        """Whether their offer is their last description again: a refresh (RFC 4028 §7.4)."""
        before = self.theirs
        return (
            before is not None
            and self.described is not None
            and (theirs.session_id, theirs.version, theirs.user)
            == (before.session_id, before.version, before.user)
            and theirs.streams == before.streams
        )

    def answer(self, theirs: Description, local: Local) -> tuple[Description, Agreed] | None:
        """Our answer to that offer of theirs; None where nothing fits: then it is refused."""
        local = self._as_ours(local)
        described, agreed = answer(theirs, local)
        if agreed is None:
            self._move(Move.REFUSED)
            return None
        local, described = self._versioned(local, described)
        self._move(Move.ANSWER_SENT)
        self.local, self.described, self.theirs = local, described, theirs
        return described, agreed

    def same_answer(self) -> Description | None:
        """Our last description for an offer that is as before."""
        self._move(Move.ANSWER_SENT)
        return self.described
