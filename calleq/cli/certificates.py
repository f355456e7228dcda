"""`calleq certificates`: the carrier's own authority, and the certificates of its elements.

Owns the files of one directory: `authority.pem` and `authority.key`, and of each element
`NAME.pem` and `NAME.key`. Keys are written so that their owner alone may read them, and every file
is whole before it takes its name. What is good for long enough is kept, so that the command may be
run every day; processes take up what has changed at their next connection.

With `--new-authority` everything is signed anew, by an authority that is made now, and those before
it are believed as long as they are good themselves: copy `authority.pem` to every machine first.
"""

import argparse
import os
import secrets
import time
from pathlib import Path
from typing import NamedTuple

from calleq.cli.failure import CommandError
from calleq.cli.given import given_topology
from calleq.cli.output import counted, print_json, print_table
from calleq.protection.authority import (
    AuthorityError,
    Issued,
    is_signed_by,
    new_authority,
    new_certificate,
    read_issued,
    until_us,
)
from calleq.topology import Topology, element_names
from calleq.units import HOUR_US, utc_text

AUTHORITY = "authority"
PEM_LIMIT = 1 << 20
DAY_US = 24 * HOUR_US


class _Row(NamedTuple):
    name: str
    file: Path
    until_us: int
    is_new: bool


def run(arguments: argparse.Namespace) -> int:
    """Make what is missing or ends soon, and show all of it."""
    topology = given_topology(arguments.network)
    directory: Path = arguments.directory
    now_us = time.time_ns() // 1_000
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        rows = _made(topology, directory, now_us, arguments)
    except OSError as error:
        raise CommandError(f"{error.filename or directory}: {error.strerror or error}") from error
    except AuthorityError as error:
        raise CommandError(str(error)) from error
    _show(rows, as_json=arguments.json)
    return 0


def _made(
    topology: Topology, directory: Path, now_us: int, arguments: argparse.Namespace
) -> list[_Row]:
    authority_at = directory / f"{AUTHORITY}.pem"
    authority = _read(directory, AUTHORITY)
    is_new = authority is None or arguments.new_authority
    if authority is None or arguments.new_authority:
        before = authority_at.read_bytes() if authority is not None else b""
        authority = new_authority(topology.name, now_us, arguments.authority_days)
        _write(directory / f"{AUTHORITY}.key", authority.key_pem(), 0o600)
        _write(authority_at, authority.certificate_pem() + before, 0o644)
    rows = [_Row(AUTHORITY, authority_at, until_us(authority.certificate), is_new)]
    least_us = now_us + arguments.renew_days * DAY_US
    for element in element_names(topology):
        issued = _read(directory, element)
        fits = issued is not None and is_signed_by(issued.certificate, authority.certificate)
        is_new = issued is None or not fits or until_us(issued.certificate) < least_us
        if issued is None or is_new:
            issued = new_certificate(element, authority, now_us, arguments.days)
            _write(directory / f"{element}.key", issued.key_pem(), 0o600)
            _write(directory / f"{element}.pem", issued.certificate_pem(), 0o644)
        rows.append(
            _Row(element, directory / f"{element}.pem", until_us(issued.certificate), is_new)
        )
    return rows


def _read(directory: Path, name: str) -> Issued | None:
    """What is there; None where there is nothing. Raises AuthorityError."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    if not certificate.exists() and not key.exists():
        return None
    try:
        if os.name == "posix" and key.stat().st_mode & 0o077:
            raise AuthorityError(
                f"{key}: others may read it: take it for known, remove {certificate} and {key}, and"
                " make another"
            )
        return read_issued(certificate.read_bytes()[:PEM_LIMIT], key.read_bytes()[:PEM_LIMIT])
    except AuthorityError as error:
        raise AuthorityError(f"{certificate}, {key}: {error}") from error


def _write(path: Path, octets: bytes, mode: int) -> None:
    trial = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    os.replace(trial, path)


def _show(rows: list[_Row], *, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "name": row.name,
                    "certificate": str(row.file),
                    "until": utc_text(row.until_us),
                    "new": row.is_new,
                }
                for row in rows
            ]
        )
        return
    print_table(
        counted(len(rows), "certificate"),
        ("of", "file", "good until", ""),
        [
            (row.name, row.file.name, utc_text(row.until_us), "new" if row.is_new else "")
            for row in rows
        ],
    )
