"""Why each signalling link of a fragile network is out of service, and what its wire is like.

A link serves when nobody has a reason against it: an operator, a node that was isolated, a process
that is dead. It fails with the first reason and returns with the last.
"""

from calleq.ss7.links import InProcessLink
from calleq.ss7.wire import Quality

BY_OPERATOR = "operator"
"""The reason of a link that was failed as such."""
ISOLATED = "isolated "


class FaultError(ValueError):
    """What was asked for cannot be done to this network; the text says why."""


class Outages:
    """The links by name, with the reasons against each."""

    def __init__(self, links: dict[str, InProcessLink]) -> None:
        self.links = links
        self._reasons: dict[str, set[str]] = {name: set() for name in links}

    def reasons(self, name: str) -> set[str]:
        """What is against a link. Raises FaultError when there is none of that name."""
        reasons = self._reasons.get(name)
        if reasons is None:
            raise FaultError(f"{name!r} is no link: {', '.join(self.links)} expected")
        return reasons

    def against(self, name: str, reason: str) -> None:
        """One more reason. Raises FaultError."""
        self.reasons(name).add(reason)
        self._settle(name)

    def no_longer_against(self, name: str, reason: str) -> None:
        """A reason less. Raises FaultError."""
        self.reasons(name).discard(reason)
        self._settle(name)

    def at(self, node: str) -> list[str]:
        """The links that touch a node."""
        return [name for name in self.links if node in name.split("/")]

    def spoil(self, name: str, quality: Quality | None) -> None:
        """Make a link's wire like this, None: as it was. Raises FaultError."""
        self.reasons(name)
        self.links[name].set_quality(quality)

    def mend(self) -> None:
        """No operator and no isolation is against any link, and every wire is as it was."""
        for name, reasons in self._reasons.items():
            reasons.discard(BY_OPERATOR)
            reasons -= {reason for reason in reasons if reason.startswith(ISOLATED)}
            self.links[name].set_quality(None)
            self._settle(name)

    def _settle(self, name: str) -> None:
        if self._reasons[name]:
            self.links[name].fail()
        else:
            self.links[name].restore()
