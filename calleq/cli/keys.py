"""`calleq keys`: the carrier's keys by which businesses' messages are decrypted.

They lie in the data directory, in a file that its owner alone can read. A running network takes a
change within a second. No private part is ever printed.
"""

import argparse
import time

from calleq.cli.failure import CommandError, UsageError
from calleq.cli.output import counted, print_json, print_table
from calleq.protection.key_file import KeyFile
from calleq.protection.keys import MessageKey, MessageKeyError, revoked, rotated
from calleq.units import HOUR_US, utc_text


def run(arguments: argparse.Namespace) -> int:
    """Show the keys, after changing them where that was ordered."""
    name: str | None = arguments.name
    now_us = time.time_ns() // 1_000
    if arguments.order != "list" and name is None:
        what = "a business's identifier" if arguments.order == "rotate" else "a key's kid"
        raise UsageError(f"keys {arguments.order}: {what} is needed")
    try:
        arguments.data.mkdir(parents=True, exist_ok=True)
        file = KeyFile(arguments.data)
        keys = file.read()
        if arguments.order == "rotate" and name is not None:
            overlap_us = arguments.overlap_hours * HOUR_US
            keys, made = rotated(keys, name, now_us, overlap_us)
            file.write(keys)
            name = made.business
        elif arguments.order == "revoke" and name is not None:
            keys = revoked(keys, name, now_us)
            file.write(keys)
            name = next(key.business for key in keys if key.kid == name)
    except (MessageKeyError, OSError) as error:
        raise CommandError(str(error)) from error
    _show([key for key in keys if name in (None, key.business)], now_us, as_json=arguments.json)
    return 0


def _show(keys: list[MessageKey], now_us: int, *, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "business": key.business,
                    "kid": key.kid,
                    "state": key.state(now_us),
                    "made_at": utc_text(key.made_us),
                    "until": utc_text(key.until_us) if key.until_us else None,
                    "public": key.public(),
                }
                for key in keys
            ]
        )
        return
    print_table(
        counted(len(keys), "key"),
        ("business", "kid", "state", "made", "good until"),
        [
            (
                key.business,
                key.kid,
                key.state(now_us),
                utc_text(key.made_us),
                utc_text(key.until_us) if key.until_us else "",
            )
            for key in keys
        ],
    )
