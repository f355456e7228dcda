"""The guest reactor and the process around it."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest
from twisted.internet.protocol import Factory, Protocol

from calleq.runtime.guest import start_guest, stop_guest
from calleq.runtime.process import run_process


def test_the_reactor_rides_on_the_loop_and_leaves_it_running() -> None:
    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        reactor = start_guest()
        story: list[str] = []
        fired = loop.create_future()
        reactor.addSystemEventTrigger("before", "shutdown", story.append, "before")
        reactor.addSystemEventTrigger("during", "shutdown", story.append, "during")
        reactor.callWhenRunning(fired.set_result, "fired")
        story.append(await fired)
        assert abs(reactor.seconds() - loop.time()) < 1
        await stop_guest(reactor)
        story.append("loop goes on")
        await stop_guest(reactor)
        await asyncio.sleep(0)
        assert not reactor.running
        return story

    assert asyncio.run(main()) == ["fired", "before", "during", "loop goes on"]


def test_two_reactors_live_beside_each_other_and_one_outlives_the_other() -> None:
    class Echo(Protocol):
        def dataReceived(self, data: bytes) -> None:  # noqa: N802
            assert self.transport is not None
            self.transport.write(data)

    async def main() -> bytes:
        first, second = start_guest(), start_guest()
        port = second.listenTCP(0, Factory.forProtocol(Echo), interface="127.0.0.1")
        await stop_guest(first)
        reader, writer = await asyncio.open_connection("127.0.0.1", port.getHost().port)
        writer.write(b"still here")
        answer = await reader.readexactly(10)
        writer.close()
        await stop_guest(second)
        return answer

    assert asyncio.run(main()) == b"still here"


def test_nothing_of_the_rooms_imports_the_global_reactor() -> None:
    script = (
        "import asyncio, sys\n"
        "import calleq.osn, calleq.osn.tcp, calleq.journal\n"
        "import calleq.billing, calleq.runtime.process\n"
        "from calleq.runtime.guest import start_guest, stop_guest\n"
        "async def main():\n"
        "    await stop_guest(start_guest())\n"
        "asyncio.run(main())\n"
        "assert 'twisted.internet.reactor' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_the_process_to_stop_in_its_own_order(number: signal.Signals) -> None:
    async def main(stop: asyncio.Event) -> str:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), number)
        await stop.wait()
        return "stopped in order"

    assert run_process(main) == "stopped in order"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_second_signal_cuts_a_hanging_end_short() -> None:
    async def main(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        run_process(main)
