"""Figure 1 in three processes as an operator starts them: access server 72, everything else, voice.

The doors of the peripheral and of switch 62 are thus in another process than their authority.
"""

import json
import pathlib
import secrets
import shutil
import time
from collections.abc import Callable
from typing import Any

import httpx

from calleq.topology import element_names, figure1_path, load_topology
from tests import live
from tests.live import Running
from tests.split_network import DESK_OFFSET, FRONT_DOOR_OFFSET, free_base_port

SERVER, PERIPHERAL, SWITCH = "server-72", "ip-76", "ssp-62"
WITHIN_S = 60.0
TALK_S = 4
LOOSE = """[guards]
apart_s = 0
unanswered_s = 0
declined_s = 0
number = {burst = 0}
source = {burst = 0}
"""


def network_file(directory: pathlib.Path, **tables: str) -> pathlib.Path:
    """Figure 1 whose numbers are guarded as any; `tables` stand below a business's table."""
    text = figure1_path().read_text("utf-8")
    text = text.replace('[guards]\ntest_numbers = ["+121255501"]\n', LOOSE)
    for business, table in tables.items():
        begin = text.index(f'identifier = "{business}"')
        end = text.index("[[businesses.agents]]", begin)
        text = f"{text[:end]}{table}\n{text[end:]}"
    path = directory / "apart.toml"
    path.write_text(text, "utf-8")
    return path


class Apart:
    """The processes, and the doors that they have."""

    def __init__(self, directory: pathlib.Path, network: pathlib.Path) -> None:
        self.data = directory / "data"
        if live.RENDERED is not None and live.RENDERED.is_dir():
            shutil.copytree(live.RENDERED, self.data / "prompts", dirs_exist_ok=True)
        self._base = free_base_port()
        self._network = network
        self.names = element_names(load_topology(network))
        self._processes = {"voice": self._run("voice")}
        self.start(SERVER)
        self.start("rest")

    def _run(self, *elements: str) -> Running:
        base = self._base
        return Running(
            *("run", *elements, "--network", str(self._network), "--data", str(self.data)),
            *("--base-port", str(base), "--port", str(base + FRONT_DOOR_OFFSET)),
            *("--desk-port", str(base + DESK_OFFSET), "--talk", str(TALK_S)),
        )

    def start(self, process: str) -> None:
        """Start the access server, or all the others."""
        rest = [name for name in self.names if name != SERVER]
        self._processes[process] = self._run(*(rest if process == "rest" else [SERVER]))

    def wait_until_ready(self, *processes: str) -> None:
        """These have said so (none named: all), and the fronts have been told the accounts."""
        for process in processes or (SERVER, "rest"):
            self._processes[process].wait_for(r"^ready$")
        for element in (PERIPHERAL, SWITCH):
            self.until(lambda at=element: self.is_ready(at))  # type: ignore[misc]

    def is_ready(self, element: str) -> bool:
        """Whether messages should be sent to a door."""
        return httpx.get(f"{self.door(element)}/ready", timeout=10).status_code == 200

    def until(self, holds: Callable[[], object], within_s: float = WITHIN_S) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < deadline, "it never held"
            time.sleep(0.05)

    def door(self, element: str) -> str:
        """The address of an element's door."""
        return f"http://127.0.0.1:{self._base + 10 * self.names.index(element) + FRONT_DOOR_OFFSET}"

    def post(
        self, element: str, customer: str, business: str = "abc", **more: Any
    ) -> httpx.Response:
        """A message of figure 8 at a door; `auth` and `headers` are the request's. It is sent
        again as a patient sender does it, with its key, where a busy machine did not get to it."""
        deadline = time.monotonic() + (WITHIN_S if more.pop("patient", True) else 0)
        key = {"idempotency-key": secrets.token_hex(8)}
        while True:
            answer = self._post(element, customer, business, key, **dict(more))
            if answer.status_code != 503 or time.monotonic() >= deadline:
                return answer
            time.sleep(0.2)

    def _post(
        self, element: str, customer: str, business: str, key: dict[str, str], **more: Any
    ) -> httpx.Response:
        request = {name: more.pop(name) for name in ("auth", "headers") if name in more}
        message = {
            "business_id": business,
            "equipment_address": f"{element}.calleq.example",
            "customer_number": customer,
            **({} if request else {"password": f"{business}-demo"}),
            **more,
        }
        headers = {**key, **request.pop("headers", {})}
        url = f"{self.door(element)}/v1/calls"
        return httpx.post(url, json=message, headers=headers, timeout=30, **request)

    def get(self, element: str, path: str, business: str = "abc") -> Any:
        """What a business reads at a door."""
        auth = (business, f"{business}-demo")
        return httpx.get(f"{self.door(element)}{path}", auth=auth, timeout=30).json()

    def operator(self, method: str, path: str, body: Any = None) -> Any:
        """What the operator of the access server does."""
        where = json.loads((self.data / "listening.json").read_text())[f"operator of {SERVER}"]
        answer = httpx.request(method, f"{where}{path}", json=body, timeout=30)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def ended(self, call: str, business: str = "abc") -> dict[str, Any]:
        """Wait for a call's end and charge; how the access server's door shows it."""
        found: dict[str, Any] = {}

        def has_ended() -> bool:
            found.update(self.get(SERVER, f"/v1/calls/{call}", business))
            return bool(found["final"]) and bool(found.get("charge") or not found.get("held"))

        self.until(has_ended)
        return found

    def talks(self, seconds: float) -> None:
        """So long do people talk from now on."""
        url = f"http://127.0.0.1:{self._base + DESK_OFFSET}/talk"
        httpx.put(url, json={"seconds": seconds}, timeout=10).raise_for_status()

    def diary(self, number: str) -> list[dict[str, Any]]:
        """What a telephone noted."""
        url = f"http://127.0.0.1:{self._base + DESK_OFFSET}/telephones/{number.lstrip('+')}/diary"
        entries: list[dict[str, Any]] = httpx.get(url, timeout=10).json()["entries"]
        return entries

    def kill(self, process: str) -> None:
        """As `kill -9` does."""
        running = self._processes[process].process
        running.kill()
        running.wait(timeout=10)

    def stop(self) -> None:
        """Ctrl-C everywhere."""
        for running in self._processes.values():
            running.stop()
