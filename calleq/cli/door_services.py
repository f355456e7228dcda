"""What a process puts beside the API of its doors: the index of calls, the answers that are kept by
key, the shelf of recordings."""

import asyncio
import contextlib
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from calleq.access_server.call_lists import CallLists
from calleq.access_server.keyed import AnswerFile, KeyedAnswers
from calleq.access_server.recordings import RecordingShelf
from calleq.access_server.services import Services
from calleq.cli.failure import CommandError
from calleq.door.index import CallIndex, CallIndexError
from calleq.network import Network
from calleq.operation.control import recordings_of

Prepare = Callable[[Services], None]


@contextlib.asynccontextmanager
async def door_services(base: Path, network: Network) -> AsyncIterator[Prepare]:
    """What to do with the services of each door of a process whose journal's first segment is
    `base`. Raises CommandError when the index or the answers cannot be kept."""
    try:
        answers = AnswerFile(base.with_suffix(".answers.sqlite"))
    except (sqlite3.Error, OSError) as error:
        raise CommandError(f"the answers kept by key: {error}") from error
    index = CallIndex(base.with_suffix(".calls.sqlite"), base)
    recordings = recordings_of(network)
    kept: list[tuple[CallLists, asyncio.Task[None]]] = []

    def prepare(services: Services) -> None:
        lists = CallLists(services, secrets.token_bytes(32), index)
        services.add(CallLists, lists)
        services.add(KeyedAnswers, KeyedAnswers(answers.of_door(services.door.name)))
        if recordings:  # else the equipment is in another process, and has them
            services.add(RecordingShelf, RecordingShelf(recordings))
        if not kept:  # the doors of a process share a journal, and an index of it
            kept.append((lists, asyncio.create_task(lists.keep_up())))

    try:
        index.open()
        yield prepare
    except CallIndexError as error:
        raise CommandError(f"the index of calls: {error}") from error
    finally:
        for lists, keeping in kept:
            keeping.cancel()
            await asyncio.to_thread(lists.close)
        answers.close()
