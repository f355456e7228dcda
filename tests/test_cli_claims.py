"""One data directory is written by one network, in one process or in several, by real commands."""

import json
import pathlib
import threading

import pytest

from calleq.cli.claims import claim
from calleq.cli.failure import CommandError
from calleq.journal.reading import journal_path
from tests.live import LiveNetwork, Running, calleq
from tests.split_network import free_base_port


def refused(*arguments: str) -> str:
    done = calleq(*arguments)
    assert (done.returncode, done.stdout) == (1, ""), done.stdout + done.stderr
    assert done.stderr.count("\n") == 1
    return done.stderr


def written(data: pathlib.Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in data.iterdir() if path.is_file()}


def test_one_element_alone_is_refused_where_a_whole_network_writes_and_after_it(
    tmp_path: pathlib.Path,
):
    run = ("run", "ssp-64", "--data", str(tmp_path), "--base-port", str(free_base_port()))
    with LiveNetwork(tmp_path):
        said = refused(*run)
    assert said.startswith(f"calleq: {tmp_path} has the journal of `calleq up`, and a network is")
    assert "`calleq run ssp-64` needs another directory, named with --data" in said
    before = written(tmp_path)
    assert refused(*run) == said
    assert written(tmp_path) == before


def test_a_whole_network_is_refused_where_one_element_writes_and_so_is_its_company(
    tmp_path: pathlib.Path,
):
    base = ("--data", str(tmp_path), "--base-port", str(free_base_port()))
    running = Running("run", "stp-68", "stp-70", *base)
    try:
        running.wait_for(r"^ready$")
        said = refused("up", "--data", str(tmp_path), "--port", "0")
        assert "has the journal of `calleq run stp-68 stp-70`" in said
        assert "`calleq up` needs another directory" in said
        said = refused("run", "stp-70", *base)
        assert "so stp-70 cannot run in another process than there" in said
        said = refused("run", "stp-70", "stp-68", *base)
        assert "another process is writing" in said
    finally:
        assert running.stop() == 0
    again = Running("run", "stp-70", "stp-68", *base)
    again.wait_for(r"^ready$")
    assert again.stop() == 0
    assert [path.name for path in tmp_path.glob("*.journal")] == ["stp-68+stp-70.journal"]


def test_the_demonstration_goes_on_where_up_has_written(tmp_path: pathlib.Path):
    with LiveNetwork(tmp_path):
        pass
    done = calleq("demo", "--data", str(tmp_path), "--talk", "0.5")
    assert done.returncode == 0, done.stderr
    listed = calleq("cdr", "list", "--data", str(tmp_path), "--json")
    assert [one["state"] for one in json.loads(listed.stdout)] == ["completed"]


def test_of_those_that_start_at_the_same_instant_one_kind_of_network_stays(
    tmp_path: pathlib.Path,
):
    ready = threading.Barrier(8)
    kept: list[str] = []
    refusals: list[CommandError] = []

    def begin(process: str) -> None:
        ready.wait()
        try:
            kept.append(claim(tmp_path, process))
        except CommandError as error:
            refusals.append(error)

    names = ["network", "ssp-62", "ssp-64", "ssp-62+ssp-64"] * 2
    threads = [threading.Thread(target=begin, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {path.stem for path in tmp_path.glob("*.journal")}
    assert found == set(kept)
    assert found in ({"network"}, {"ssp-62", "ssp-64"}, {"ssp-62+ssp-64"})
    assert len(kept) + len(refusals) == 8


@pytest.mark.parametrize(
    ("kept", "comes", "shared"),
    [
        ("ssp-62", "ssp-62+ssp-64", "ssp-62"),
        ("ssp-62+ssp-64", "ssp-64", "ssp-64"),
        ("ip-76+ssp-62", "ssp-62+stp-68", "ssp-62"),
    ],
)
def test_an_element_stays_with_those_it_began_with(
    tmp_path: pathlib.Path, kept: str, comes: str, shared: str
):
    assert claim(tmp_path, kept) == kept
    with pytest.raises(CommandError, match=f"so {shared} cannot run in another process"):
        claim(tmp_path, comes)
    assert not journal_path(tmp_path, comes).exists()
    assert claim(tmp_path, "server-72") == "server-72"
