"""What a process needs to administer accounts: the carrier's key, and where slow hashes are made.

The carrier's key seals the keys with which businesses sign their requests. It is a file of its own
in the data directory, made at the first start, which its owner alone may read; a backup carries it.
"""

import asyncio
import os
import secrets
from collections.abc import Callable, Set
from concurrent.futures import Executor
from pathlib import Path

from calleq.access_server.administration import Administration
from calleq.accounts.issuing import Issued, Issuing
from calleq.accounts.passwords import hash_password
from calleq.accounts.safe import KEY_OCTETS, Safe
from calleq.accounts.strength import Breached, BreachedError, Strength
from calleq.cli.failure import CommandError, UsageError
from calleq.network import Network
from calleq.topology import Topology
from calleq.topology_doors import doors_of

CARRIER_KEY = "carrier.key"


def carrier_safe(data: Path) -> Safe:
    """The safe of a data directory; its key is made where there is none. Raises CommandError."""
    path = data / CARRIER_KEY
    try:
        key = path.read_bytes() if path.exists() else _new_key(path)
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise CommandError(f"{path}: others may read it: chmod 600 {path}")
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from error
    if len(key) != KEY_OCTETS:
        raise CommandError(f"{path}: is no carrier's key; restore it from a backup")
    return Safe(key)


def _new_key(path: Path) -> bytes:
    """Durable before it is used: what it seals is in the journal for good. Raises OSError."""
    key = secrets.token_bytes(KEY_OCTETS)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, key)
        os.fsync(handle)
    finally:
        os.close(handle)
    return key


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
