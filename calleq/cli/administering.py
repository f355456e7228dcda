"""What a process needs to administer accounts: what judges passwords, where slow hashes are made.

The carrier's key, which seals the keys with which businesses sign, is `carrier_key`'s.
"""

import asyncio
import secrets
from collections.abc import Callable, Set
from concurrent.futures import Executor
from pathlib import Path

from calleq.access_server.administration import Administration
from calleq.accounts.issuing import Issued, Issuing
from calleq.accounts.passwords import hash_password
from calleq.accounts.safe import Safe
from calleq.accounts.strength import Breached, BreachedError, Strength
from calleq.cli.failure import UsageError
from calleq.network import Network
from calleq.topology import Topology
from calleq.topology_doors import doors_of


def strength_of(topology: Topology) -> Strength:
    """What judges passwords. Raises UsageError where the file of breached ones is none."""
    policy = topology.passwords
    try:
        breached = Breached(Path(policy.breached)) if policy.breached else None
    except BreachedError as error:
        raise UsageError(f"passwords.breached: {error}") from error
    return Strength(breached, (topology.name, *policy.words))


def has_door(topology: Topology, elements: Set[str] | None) -> bool:
    """Whether any of the elements (None: of all) has a door on the internet."""
    return any(elements is None or plan.element in elements for plan in doors_of(topology))


def administration_of(
    topology: Topology, network: Network, safe: Safe | None, pool: Executor
) -> Administration | None:
    """Of the access server's process, whose journal has the accounts; None elsewhere. Raises
    UsageError where the file of breached passwords is none."""
    if network.keeping is None or network.server is None:
        return None

    async def in_background(work: Callable[[], Issued]) -> Issued:
        return await asyncio.get_running_loop().run_in_executor(pool, work)

    issuing = Issuing(secrets.token_bytes, hash_password, safe, strength_of(topology))
    return Administration(network.keeping, issuing, in_background)
