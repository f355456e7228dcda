"""A topology that is read anew while the network runs: what changes at once, and what cannot.

| part | at a reload |
|---|---|
| `businesses` | changed under what was changed since; recordings stay as they are |
| `pricing`, rate decks | calls from now on; what was charged before stands |
| `lines` | `username` and `password` for SIP, from the next registration on |
| anything else | refused, by its key: it needs a restart |

Nothing is changed where anything is refused, and no call is touched in any case.
"""

from collections.abc import Callable, Iterator

import msgspec

from calleq.accounts.changes import AccountError
from calleq.charging import ChargingError
from calleq.network import Network
from calleq.topology import Topology, TopologyError

ELSEWHERE = frozenset(("businesses", "lines", "pricing"))
"""Parts that are looked at more closely."""
LINE_KEYS = frozenset(("username", "password"))
RECORDED_KEYS = frozenset(("recorded_name", "recorded_announcement", "recorded_music"))


class ReloadRefusedError(ValueError):
    """Nothing was changed; the text names the keys."""


def reload(network: Network, fresh: Topology) -> list[str]:
    """Change what can be; the parts that did. Raises ReloadRefusedError."""
    wrong = list(unchangeable(network.topology, fresh))
    if wrong:
        more = "" if len(wrong) == 1 else f" (and {len(wrong) - 1} more)"
        raise ReloadRefusedError(f"{wrong[0]}{more}: cannot change while the network runs")
    old = network.topology
    priced = _prices(network, fresh)
    if network.accounts is not None or network.fronts:
        try:
            for front in network.fronts.values():
                front.front.mirror.rebase(fresh.businesses)
            if network.accounts is not None:
                network.accounts.registry.rebase(fresh.businesses)
        except AccountError as error:
            text = f"businesses: {error}, which was changed since; change that first"
            raise ReloadRefusedError(text) from error
    priced()
    for gateway in network.gateways.values():
        gateway.subscribers.provision(fresh.lines)
    network.topology = fresh
    return [part for part in sorted(ELSEWHERE) if getattr(old, part) != getattr(fresh, part)]


def unchangeable(old: Topology, new: Topology) -> Iterator[str]:
    """The keys that differ and cannot be changed while the network runs."""
    before, after = msgspec.to_builtins(old), msgspec.to_builtins(new)
    for part in before:
        if part not in ELSEWHERE:
            yield from _differences(before[part], after[part], part)
    if [line["number"] for line in before["lines"]] != [line["number"] for line in after["lines"]]:
        yield "lines"
    else:
        for index, (one, other) in enumerate(zip(before["lines"], after["lines"], strict=True)):
            for key in _differences(one, other, f"lines[{index}]"):
                if key.rpartition(".")[2] not in LINE_KEYS or one["access"] != "sip":
                    yield key
    known = {one["identifier"]: one for one in before["businesses"]}
    for index, business in enumerate(after["businesses"]):
        recorded = known.get(business["identifier"], {})
        for key in sorted(RECORDED_KEYS):
            if recorded.get(key, "") != business[key]:
                yield f"businesses[{index}].{key}"


def _differences(old: object, new: object, path: str) -> Iterator[str]:
    """Where two values differ, as far down as both have the same shape."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        for key in old:
            yield from _differences(old[key], new[key], f"{path}.{key}")
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif old != new:
        yield path


def _prices(network: Network, fresh: Topology) -> Callable[[], None]:
    """What puts the new prices in force. Raises ReloadRefusedError."""
    charged = network.charged
    if charged is None:
        if fresh.pricing.decks and network.topology.pricing != fresh.pricing:
            raise ReloadRefusedError("pricing.decks: calls have had no price since the start")
        return lambda: None
    if not fresh.pricing.decks:
        raise ReloadRefusedError("pricing.decks: calls have a price as long as the network runs")
    if fresh.pricing.reserve_minutes != network.topology.pricing.reserve_minutes:
        raise ReloadRefusedError("pricing.reserve_minutes: cannot change while the network runs")
    try:
        return charged.repriced(fresh)
    except (ChargingError, TopologyError) as error:
        raise ReloadRefusedError(str(error)) from error
