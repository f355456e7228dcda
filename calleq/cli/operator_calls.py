"""How commands reach the operator's surfaces of a running network: by its data directory.

Each process notes its doors in `listening.json`; those of operators begin with `operator`.
Processes that have ended left theirs behind: who does not answer is passed over, but somebody must.
"""

from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import httpx
import msgspec

from calleq.cli.failure import CommandError
from calleq.cli.reading import OPERATOR, read_json
from calleq.messages.answers import OrderDone, RecordedList, RecordedView
from calleq.operation.control import NOT_HERE
from calleq.operation.process import DrainOrder, ProcessView, ReloadView
from calleq.operation.sip import SipView
from calleq.operation.surface import Listing, Order
from calleq.operation.views import (
    CircuitList,
    CircuitView,
    NotCalledList,
    NotCalledView,
    StatusView,
    in_order,
)
from calleq.osn.orders import Order as CallOrder
from calleq.osn.orders import write_order

TIMEOUT_S = 10.0

Shown = TypeVar("Shown", StatusView, CircuitList, SipView, RecordedList, ProcessView)
Changed = TypeVar("Changed", ProcessView, ReloadView)


class Operator:
    """All operators' surfaces of one network."""

    def __init__(self, data: Path) -> None:
        """Raises CommandError when none is known."""
        doors = read_json(data / "listening.json")
        self._urls = [
            url for name, url in doors.items() if name.startswith(OPERATOR) and isinstance(url, str)
        ]
        self._data = data
        if not self._urls:
            raise CommandError(
                f"{data}: no running network is known here (calleq up --data {data})"
            )

    def status(self) -> StatusView:
        """Every process that runs, as one. Raises CommandError."""
        parts = self._gather("/status", StatusView)
        return StatusView(
            [group for part in parts for group in part.groups],
            [link for part in parts for link in part.links],
            [alarm for part in parts for alarm in part.alarms],
            {name: counted for part in parts for name, counted in part.counters.items()},
            in_order(alarm for part in parts for alarm in part.cleared),
            [service for part in parts for service in part.services],
            [certificate for part in parts for certificate in part.certificates],
            [reason for part in parts for reason in part.not_ready],
        )

    def sip(self) -> SipView:
        """The telephones and trunks of every process. Raises CommandError."""
        parts = self._gather("/sip", SipView)
        return SipView(
            [line for part in parts for line in part.lines],
            [trunk for part in parts for trunk in part.trunks],
        )

    def control(self, call: str, order: CallOrder) -> OrderDone:
        """Have an order to a call carried out. Raises CommandError."""
        answer = self._one("POST", f"/calls/{quote(call, safe='')}/control", write_order(order))
        return msgspec.json.decode(answer, type=OrderDone)

    def recordings(self, call: str | None) -> list[RecordedView]:
        """The recordings of every process. Raises CommandError."""
        parts = self._gather("/recordings", RecordedList, {"call": call} if call else None)
        return [recording for part in parts for recording in part.recordings]

    def recording(self, recording: str) -> RecordedView:
        """One of them. Raises CommandError."""
        answer = self._one("GET", f"/recordings/{quote(recording, safe='')}")
        return msgspec.json.decode(answer, type=RecordedView)

    def delete_recording(self, recording: str) -> RecordedView:
        """Remove one. Raises CommandError."""
        answer = self._one("DELETE", f"/recordings/{quote(recording, safe='')}")
        return msgspec.json.decode(answer, type=RecordedView)

    def _one(self, method: str, path: str, content: bytes | None = None) -> bytes:
        """Ask each process in turn until one knows. Raises CommandError."""
        refusal = f"{self._data}: no process of this network answers; is it running?"
        for url in self._urls:
            try:
                answer = httpx.request(method, url + path, content=content, timeout=TIMEOUT_S)
            except httpx.HTTPError:
                continue
            if answer.is_success:
                return answer.content
            problem = answer.json()
            refusal = str(problem.get("detail", answer.text))
            if problem.get("code") != NOT_HERE:
                break
        raise CommandError(refusal)

    def circuits(self, exchange: str | None, group: str | None) -> list[CircuitView]:
        """Circuits one by one. Raises CommandError."""
        wanted = {"exchange": exchange, "group": group}
        query = {name: value for name, value in wanted.items() if value}
        parts = self._gather("/circuits", CircuitList, query)
        return [circuit for part in parts for circuit in part.circuits]

    def order(self, exchange: str, group: str, order: Order) -> list[CircuitView]:
        """Have an order carried out where the exchange is. Raises CommandError."""
        path = f"/exchanges/{exchange}/groups/{group}"
        refusal = f"no process of {self._data} runs {exchange}"
        for url in self._urls:
            try:
                answer = httpx.post(
                    url + path, content=msgspec.json.encode(order), timeout=TIMEOUT_S
                )
            except httpx.HTTPError:
                continue
            if answer.is_success:
                return msgspec.json.decode(answer.content, type=CircuitList).circuits
            problem = answer.json()
            if problem.get("code") != "unknown_exchange":
                raise CommandError(str(problem.get("detail", answer.text)))
        raise CommandError(refusal)

    def processes(self) -> list[ProcessView]:
        """Each process. Raises CommandError."""
        return self._gather("/process", ProcessView)

    def drain(self, order: DrainOrder) -> list[ProcessView]:
        """Have the doors of each process drain, or take calls again. Raises CommandError."""
        return self._each("/process/drain", order, ProcessView)

    def reload(self) -> list[ReloadView]:
        """Have each process read its topology again. Raises CommandError."""
        return self._each("/process/reload", None, ReloadView)

    def _each(self, path: str, order: msgspec.Struct | None, kind: type[Changed]) -> list[Changed]:
        """Ask every process; one that refuses is the end of it. Raises CommandError."""
        content = None if order is None else msgspec.json.encode(order)
        found = []
        for url in self._urls:
            try:
                answer = httpx.post(url + path, content=content, timeout=TIMEOUT_S)
            except httpx.HTTPError:
                continue
            if not answer.is_success:
                raise CommandError(str(answer.json().get("detail", answer.text)))
            found.append(msgspec.json.decode(answer.content, type=kind))
        if not found:
            raise CommandError(f"{self._data}: no process of this network answers; is it running?")
        return found

    def do_not_call(self, business: str) -> list[NotCalledView]:
        """Who must not be called; empty: by any business. Raises CommandError."""
        return self._at_the_door("GET", {"business": business}, None)

    def list_number(self, listing: Listing) -> list[NotCalledView]:
        """Put a number on the list or take it off; the list then. Raises CommandError."""
        return self._at_the_door("POST", {}, msgspec.json.encode(listing))

    def _at_the_door(
        self, method: str, query: dict[str, str], content: bytes | None
    ) -> list[NotCalledView]:
        for url in self._urls:
            try:
                answer = httpx.request(
                    method, f"{url}/do-not-call", params=query, content=content, timeout=TIMEOUT_S
                )
            except httpx.HTTPError:
                continue
            if answer.is_success:
                return msgspec.json.decode(answer.content, type=NotCalledList).numbers
            problem = answer.json()
            if problem.get("code") != "no_door":
                raise CommandError(str(problem.get("detail", answer.text)))
        raise CommandError(f"{self._data}: no process that runs the door answers")

    def _gather(
        self, path: str, kind: type[Shown], query: dict[str, str] | None = None
    ) -> list[Shown]:
        found = []
        for url in self._urls:
            try:
                answer = httpx.get(url + path, params=query, timeout=TIMEOUT_S)
            except httpx.HTTPError:
                continue
            if answer.is_success:
                found.append(msgspec.json.decode(answer.content, type=kind))
        if not found:
            raise CommandError(f"{self._data}: no process of this network answers; is it running?")
        return found
