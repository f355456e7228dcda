"""How `calleq call` encrypts its message: as a whole or by fields, by the carrier's public key."""

import argparse
from pathlib import Path

import msgspec

from calleq.cli.failure import UsageError
from calleq.client import CalleqClient
from calleq.client.asking import Seal
from calleq.client.sealing import SEALABLE, Sealer, SealingError
from calleq.messages.sealed import MessageKeySet, MessageKeyView

WHOLE = "whole"
KEY_LIMIT = 65_536


def seal_wanted(arguments: argparse.Namespace, client: CalleqClient) -> Seal:
    """What encrypts the message. Raises UsageError, and ClientError where the door has no key."""
    names = None
    if arguments.encrypt != WHOLE:
        names = tuple(name.strip() for name in arguments.encrypt.split(","))
        unknown = [name for name in names if name not in SEALABLE]
        if unknown:
            raise UsageError(
                f"--encrypt {unknown[0]}: nothing for the whole message, or some of"
                f" {', '.join(sorted(SEALABLE))}, with commas between them"
            )
    if arguments.encryption_key:
        key = _read(Path(arguments.encryption_key))
    else:
        key = client.message_keys().keys[0]
    try:
        return Sealer(msgspec.structs.asdict(key)).sealing(names)
    except SealingError as error:
        raise UsageError(f"the key to encrypt with: {error}") from error


def _read(path: Path) -> MessageKeyView:
    try:
        with path.open("rb") as file:
            octets = file.read(KEY_LIMIT)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        found = msgspec.json.decode(octets, type=dict[str, msgspec.Raw])
        if "keys" not in found:
            return msgspec.json.decode(octets, type=MessageKeyView)
        return msgspec.json.decode(octets, type=MessageKeySet).keys[0]
    except (msgspec.DecodeError, UnicodeDecodeError, IndexError) as error:
        raise UsageError(
            f"{path}: is no public key of the carrier: a JWK on P-256, or a set of one, as"
            " /v1/businesses/BUSINESS/message-keys answers, was expected"
        ) from error
