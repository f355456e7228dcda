"""A disk that fails under a running network: the process ends, and its log has all it answered."""

import contextlib
import errno
import os
import pathlib

import httpx
import pytest

from calleq.journal.entries import Accepted
from calleq.journal.reading import read_data
from tests.live import LiveNetwork

PROGRAM = """
# `calleq` on a disk whose step fails while a file exists.
import os, pathlib, sys
from calleq.runtime import disk
failing, step, code = pathlib.Path({failing!r}), {step!r}, {code}
real = getattr(disk._RealFile, step)
def fails(self, *given):
    if failing.exists():
        raise OSError(code, os.strerror(code))
    return real(self, *given)
setattr(disk._RealFile, step, fails)
from calleq.cli.main import main
sys.exit(main())
"""


def post(url: str, key: str) -> httpx.Response:
    message = {
        "business_id": "abc",
        "password": "abc-demo",
        "customer_number": "+12125550103",
        "representative_number": "+12125550143",
    }
    headers = {"idempotency-key": key}
    return httpx.post(f"{url}/v1/calls", json=message, headers=headers, timeout=5, trust_env=False)


@pytest.mark.parametrize(
    ("step", "code"), [("sync", errno.EIO), ("write_at", errno.ENOSPC)], ids=["fsync", "full"]
)
def test_a_failed_disk_is_fatal_and_what_was_answered_is_recovered(
    tmp_path: pathlib.Path, step: str, code: int
) -> None:
    data, failing = tmp_path / "data", tmp_path / "failing"
    program = PROGRAM.format(failing=str(failing), step=step, code=code)
    with LiveNetwork(data, program=program) as network:
        before = post(network.url, "before")
        assert before.status_code == 202
        failing.touch()
        with contextlib.suppress(httpx.TransportError):  # the process may be gone already
            assert post(network.url, "meanwhile").status_code != 202
        assert network.up.process.wait(30) == 1
    assert f"the disk failed: {os.strerror(code)}" in "".join(network.up.errors)
    failing.unlink()
    with LiveNetwork(data) as network:
        assert post(network.url, "before").json()["call"] == before.json()["call"]
        after = post(network.url, "meanwhile")
        assert after.status_code == 202
    accepted = [s.entry.call for s in read_data(data) if isinstance(s.entry, Accepted)]
    assert sorted(accepted) == sorted([before.json()["call"], after.json()["call"]])
