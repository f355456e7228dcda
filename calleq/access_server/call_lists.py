"""Lists of calls: from memory what goes on, from the index what was, one page at a time.

A page is the newest calls behind a cursor, in the order of their references, which is that of their
acceptance: calls that are accepted meanwhile come before the first page and move nothing. A cursor
says which call was the last, sealed with what was asked for and by whom, so that it cannot be made
up, changed or used for another question.

A state that only a call in memory can have is looked for there alone. A page may hold fewer calls
than were asked for, where some have changed since the index was read, and still have a next one.
"""

import asyncio
import base64
import binascii
import hmac
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b

import msgspec

from calleq.access_server.services import Services
from calleq.call.driver import FINAL_STATES
from calleq.door.finding import Wish
from calleq.door.index import PIECE_ENTRIES, CallIndex, CallIndexError, TooWideError
from calleq.intake import errors, is_reference
from calleq.journal.frames import JournalError
from calleq.messages.answers import CallList, CallView
from calleq.web.problems import ProblemDetail, ProblemError

LIMIT_ASKING = 16
"""Readers of the index at once; more are told to come again."""
CATCH_UP_S = 5.0
REST_SHARE = 3
"""The index rests so many times as long as a piece took: it is not to have more of the process
than calls that are asked for, whose lists are made from memory meanwhile."""
PAUSE_S = 0.02
"""Between two pieces, so that calls are not kept waiting."""
PIECES_LIMIT = 20
"""Read before an answer; what is newer than that comes from memory."""

TOO_WIDE = ProblemDetail(
    status=422,
    code="too_wide",
    title="Too much to look through",
    detail="no call was found in time: say more about it, a number or a shorter time",
)
BAD_CURSOR = ProblemDetail(
    status=422,
    code="invalid_cursor",
    title="Invalid cursor",
    detail="the cursor is not one that was given out for this question: begin without one",
)

_INDEXED = frozenset(("", "scheduled"))
_FINAL = frozenset(FINAL_STATES)
_encode = msgspec.json.Encoder().encode


class CallLists:
    """The lists of one surface's doors; without an index of what memory holds."""

    def __init__(self, services: Services, key: bytes, index: CallIndex | None = None) -> None:
        """`key` seals cursors; an index has one of its own, which outlives the process."""
        self._services = services
        self._index = index
        self._key = key
        self._asking = 0
        self._reader = ThreadPoolExecutor(1, "call index")

    async def page(self, wish: Wish, cursor: str, limit: int) -> CallList:
        """One page. Raises ProblemError."""
        before = self._opened(cursor, wish) if cursor else ""
        known = self._known(wish, before, limit + 1)
        if self._index is None or wish.state not in _INDEXED | _FINAL:
            return self._list(known[:limit], wish, more=len(known) > limit)
        rows = await self._rows(wish, before, limit + 1)
        current = {view.call: view for view in known}
        for row in rows:
            now = self._as_it_is(row, wish)
            if now is not None:
                current.setdefault(row.call, now)
        found = sorted(current.values(), key=_reference, reverse=True)
        more = len(found) > limit or len(rows) > limit
        if len(found) <= limit and len(rows) > limit:
            # Some have changed: go on behind the last that was looked at.
            last = rows[-1].call
            found = [view for view in found if view.call >= last]
            return self._list(found, wish, more=True, last=last)
        return self._list(found[:limit], wish, more=more)

    def _known(self, wish: Wish, before: str, limit: int) -> list[CallView]:
        """Calls in memory, the newest first."""
        doors = self._services.doors
        if len(doors) == 1:
            return doors[0].matching(wish, before, limit)
        found = [view for door in doors for view in door.matching(wish, before, limit)]
        return sorted(found, key=_reference, reverse=True)[:limit]

    def _as_it_is(self, row: CallView, wish: Wish) -> CallView | None:
        now: CallView | None = row
        for door in self._services.doors:
            now = now and door.as_it_is(now, wish)
        return now

    async def _rows(self, wish: Wish, before: str, limit: int) -> list[CallView]:
        if self._asking >= LIMIT_ASKING:
            raise ProblemError(errors.BUSY)
        self._asking += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._reader, self._read, wish, before, limit)
        except TooWideError as error:
            raise ProblemError(TOO_WIDE) from error
        except (CallIndexError, JournalError) as error:
            raise ProblemError(errors.BUSY) from error
        finally:
            self._asking -= 1

    def _read(self, wish: Wish, before: str, limit: int) -> list[CallView]:
        assert self._index is not None, "it is asked only where there is one"
        for _ in range(PIECES_LIMIT):
            if self._index.catch_up() < PIECE_ENTRIES:
                break
        index = self._index
        names = [door.name for door in self._services.doors]
        found = [row for name in names for row in index.find(name, wish, before, limit)]
        return sorted(found, key=_reference, reverse=True)[:limit]

    async def keep_up(self) -> None:
        """Keep the index near the end of the journal, for ever."""
        assert self._index is not None, "it is kept only where there is one"
        loop = asyncio.get_running_loop()
        while True:
            begun_s = loop.time()
            try:
                read = await loop.run_in_executor(self._reader, self._index.catch_up)
            except (CallIndexError, JournalError):
                read = 0  # whoever asks for a list is told
            took_s = loop.time() - begun_s
            wait_s = max(PAUSE_S, REST_SHARE * took_s) if read >= PIECE_ENTRIES else CATCH_UP_S
            await asyncio.sleep(wait_s)

    def close(self) -> None:
        """Wait for what is being read; nothing else is."""
        self._reader.shutdown(cancel_futures=True)
        if self._index is not None:
            self._index.close()

    def _list(self, views: list[CallView], wish: Wish, *, more: bool, last: str = "") -> CallList:
        last = last or (views[-1].call if views else "")
        following = self._sealed(last, wish) if more and last else None
        return CallList(tuple(views), following)

    def _seal_of(self, call: str, wish: Wish) -> bytes:
        key = self._index.key if self._index is not None and self._index.key else self._key
        return blake2b(call.encode() + _encode(wish), key=key[:64], digest_size=16).digest()

    def _sealed(self, call: str, wish: Wish) -> str:
        octets = self._seal_of(call, wish) + call.encode()
        return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()

    def _opened(self, cursor: str, wish: Wish) -> str:
        try:
            octets = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
            seal, call = octets[:16], octets[16:].decode("ascii")
        except (binascii.Error, ValueError) as error:
            raise ProblemError(BAD_CURSOR) from error
        good = is_reference(call) and hmac.compare_digest(seal, self._seal_of(call, wish))
        if not good or self._sealed(call, wish) != cursor:
            raise ProblemError(BAD_CURSOR)
        return call


def _reference(view: CallView) -> str:
    return view.call
