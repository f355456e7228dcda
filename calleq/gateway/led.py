"""By which names targets were found: what a certificate must say to be that of a target.

An address says nothing of whom we meant to reach; the name that led there does. Each target keeps
the last NAMES_LIMIT names, of at most TARGETS_LIMIT targets; the one found longest ago is
forgotten, and then only a certificate of its very address is good.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from calleq.gateway.contract import Resolve
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri

TARGETS_LIMIT = 4_096
NAMES_LIMIT = 8


class Led:
    """Resolves as `resolve` does, and remembers; fulfils `contract.Resolve`."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._names: OrderedDict[Target, tuple[str, ...]] = OrderedDict()

    def __call__(self, uri: SipUri, told: Callable[[Sequence[Target]], object]) -> None:
        """Tell where the URI is reached."""

        def found(targets: Sequence[Target]) -> None:
            for target in targets:
                if target.transport == "TLS":
                    self._remember(target, uri.host)
            told(targets)

        self._resolve(uri, found)

    def names(self, target: Target) -> tuple[str, ...]:
        """The names that led there, the last one first; its address where none did."""
        return self._names.get(target, (target.host,))

    def _remember(self, target: Target, name: str) -> None:
        others = [other for other in self._names.pop(target, ()) if other != name]
        self._names[target] = (name, *others)[:NAMES_LIMIT]
        if len(self._names) > TARGETS_LIMIT:
            self._names.popitem(last=False)
