"""The carrier's key: the file in which it lies, and `calleq carrier-key`, which changes it.

`carrier.key` in a data directory holds 32 random octets for each key, the one in use first and
behind it those of before, KEYS_LIMIT at most. It is made at the first start, its owner alone may
read it, and it is replaced whole by a file that is durable before it takes the old one's name.

`rotate` puts another key in front. A network takes it up when it starts again: what was sealed
before opens yet, and is sealed anew then; page tokens of before are good until they end. `retire`
takes away the keys of before, and refuses while the journals have a signing key in force that none
but they open. A copy of before has the keys of then.
"""

import argparse
import os
import secrets
from pathlib import Path

import msgspec

from calleq.accounts.changes import (
    AccountError,
    CredentialExpired,
    CredentialIssued,
    CredentialRevoked,
    CredentialRotated,
    read,
)
from calleq.accounts.credential import Credential
from calleq.accounts.safe import KEY_OCTETS, Safe, key_name
from calleq.cli.failure import CommandError
from calleq.cli.output import counted, print_json, print_table
from calleq.cli.reading import held, read_entries
from calleq.journal.entries import AccountChanged

CARRIER_KEY = "carrier.key"
LOCK = "carrier.key.lock"
KEYS_LIMIT = 8


class _Row(msgspec.Struct, frozen=True):
    key: str
    in_use: bool


def carrier_safe(data: Path) -> Safe:
    """The safe of a data directory; its key is made where there is none. Raises CommandError."""
    if not (data / CARRIER_KEY).exists():
        with held(data / LOCK):  # processes that start at once must not make one each
            if not (data / CARRIER_KEY).exists():
                write_keys(data, (secrets.token_bytes(KEY_OCTETS),))
    return Safe(*read_keys(data))


def read_keys(data: Path) -> tuple[bytes, ...]:
    """The keys of a data directory, the one in use first. Raises CommandError."""
    path = data / CARRIER_KEY
    try:
        octets = path.read_bytes()
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise CommandError(f"{path}: others may read it: chmod 600 {path}")
    except FileNotFoundError:
        raise CommandError(f"{path}: there is none; the first `calleq up` makes it") from None
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from error
    if not octets or len(octets) % KEY_OCTETS or len(octets) > KEYS_LIMIT * KEY_OCTETS:
        raise CommandError(f"{path}: is no carrier's key; restore it from a backup")
    return tuple(octets[start : start + KEY_OCTETS] for start in range(0, len(octets), KEY_OCTETS))


def write_keys(data: Path, keys: tuple[bytes, ...]) -> None:
    """Durable before they are used: what they seal is in the journal. Raises CommandError."""
    path = data / CARRIER_KEY
    trial = path.with_name(f"{CARRIER_KEY}.{secrets.token_hex(4)}.lock")
    try:
        handle = os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, b"".join(keys))
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(trial, path)
        directory = os.open(data, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from error


def run(arguments: argparse.Namespace) -> int:
    """Show the keys' names, after changing them where that was ordered."""
    data: Path = arguments.data
    if arguments.order == "show":
        return _show(read_keys(data), as_json=arguments.json)
    with held(data / LOCK):
        keys = read_keys(data)
        if arguments.order == "rotate":
            if len(keys) == KEYS_LIMIT:
                raise CommandError(
                    f"{data / CARRIER_KEY}: holds {KEYS_LIMIT} keys, as many as may be: start the"
                    " network again, then `calleq carrier-key retire`"
                )
            keys = (secrets.token_bytes(KEY_OCTETS), *keys)
        else:
            _check_unused(data, keys[0])
            keys = keys[:1]
        write_keys(data, keys)
    return _show(keys, as_json=arguments.json)


def _check_unused(data: Path, key: bytes) -> None:
    """Raise CommandError where what is in force was not sealed under the key in use."""
    safe = Safe(key)
    left = [one.identifier for one in _signing_keys(data) if not safe.is_current(one.stored)]
    if left:
        raise CommandError(
            f"{counted(len(left), 'signing key')} ({', '.join(left[:5])}) opens with a key of"
            " before alone: start the network again, which seals it anew, then retire"
        )


def _signing_keys(data: Path) -> list[Credential]:
    """Those that the journals have in force."""
    known: dict[str, Credential] = {}
    for stamped in read_entries(data):
        if not isinstance(stamped.entry, AccountChanged):
            continue
        try:
            change = read(stamped.entry.change)
        except AccountError:
            continue
        match change:
            case CredentialIssued():
                known[change.credential.identifier] = change.credential
            case CredentialRotated():
                known[change.successor.identifier] = change.successor
            case CredentialRevoked() | CredentialExpired():
                known.pop(change.credential, None)
    return [one for one in known.values() if one.kind == "signing_key" and not one.ended_us]


def _show(keys: tuple[bytes, ...], *, as_json: bool) -> int:
    rows = [_Row(key_name(key), place == 0) for place, key in enumerate(keys)]
    if as_json:
        print_json(msgspec.to_builtins(rows))
        return 0
    print_table(
        counted(len(rows), "carrier's key"),
        ("name", ""),
        [(row.key, "in use" if row.in_use else "of before") for row in rows],
    )
    return 0
