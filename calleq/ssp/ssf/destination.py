"""Where an SCP has a call go, and what the IAM towards it says besides (Connect)."""

import msgspec
from msgspec.structs import replace

from calleq.ss7.isup.messages import CalledNumber, CallingNumber, Iam, Other


class Destination(msgspec.Struct, frozen=True):
    """Where an SCP has a call go, and what it wants said on the way."""

    number: str
    """E.164 with `+`."""
    shown: str = ""
    """Who is to be seen as the caller; empty: who called."""
    category: int | None = None
    """Of the calling party (Q.763 §3.11); None: as it was."""
    other: Other = ()
    """Parameters of the IAM: original called number, redirection, generic numbers."""

    @property
    def says_more(self) -> bool:
        """Whether an IAM has to say more than two numbers."""
        return bool(self.other) or self.category is not None

    def said_in(self, iam: Iam) -> Iam:
        """The IAM with all of this: parameters take the place of those of their name."""
        given = {code for code, _ in self.other}
        return replace(
            iam,
            called=CalledNumber(self.number[1:]),
            calling=CallingNumber(self.shown[1:]) if self.shown else iam.calling,
            category=iam.category if self.category is None else self.category,
            other=(*(one for one in iam.other if one[0] not in given), *self.other),
        )
