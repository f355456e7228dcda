"""The wires of a network in several processes, secured: its certificates made, calls made over it,
somebody without one shut out, an authority put in the place of another."""

import json
import pathlib
import shutil
import socket
import ssl
import subprocess

import pytest

import tests.live
from calleq.osn.frames import Hello, encode_frame
from tests.live import ROOT, Running, calleq
from tests.split_network import free_base_port

PROCESSES = (("voice",), ("ssp-62", "ip-76"), ("server-72",), ("telephones",))
CUSTOMER, REPRESENTATIVE = "+12125550100", "+12125550143"
TLS = """
[processes.tls]
certificate = "inside/{element}.pem"
key = "inside/{element}.key"
authorities = "inside/authority.pem"
"""


def network_in(directory: pathlib.Path) -> pathlib.Path:
    """The small network of the page on deployment, its door on loopback and its wires secured."""
    page = (ROOT / "docs" / "guide" / "deployment.md").read_text()
    text = page.split("```toml exposed.toml\n")[1].split("```")[0]
    text = text.replace("0.0.0.0:8443", "127.0.0.1:8443")
    path = directory / "network.toml"
    line = f'[[lines]]\nnumber = "{CUSTOMER}"\n'
    text = text.replace('number = "+12125550100"\n', 'number = "+12125550191"\n')
    path.write_text(text + line + TLS)
    return path


def certificates(network: pathlib.Path, *options: str) -> list[dict[str, object]]:
    inside = str(network.parent / "inside")
    done = calleq("certificates", inside, "--network", str(network), "--json", *options)
    assert done.returncode == 0, done.stderr
    made: list[dict[str, object]] = json.loads(done.stdout)
    return made


@pytest.mark.row("S2-95", part=True)
def test_a_call_over_secured_wires(tmp_path: pathlib.Path) -> None:
    network, base = network_in(tmp_path), free_base_port()
    certificates(network)
    data = tmp_path / "data"
    if tests.live.RENDERED is not None and tests.live.RENDERED.is_dir():
        shutil.copytree(tests.live.RENDERED, data / "prompts")
    common = ("--network", str(network), "--data", str(data), "--base-port", str(base))
    more = ("--port", str(base + 4), "--desk-port", str(base + 5), "--talk", "0.5")
    running = [Running("run", *elements, *common, *more) for elements in PROCESSES]
    try:
        for one in running:
            one.wait_for(r"^ready$")
        door = f"http://127.0.0.1:{base + 4}"
        call = ("--customer", CUSTOMER, "--rep", REPRESENTATIVE, "--url", door, "--json")
        who = ("--business", "abc", "--password", "abc-demo")
        ended = json.loads(calleq("call", *call, *who).stdout)
        assert ended["state"] == "completed"
        host, port = "127.0.0.1", base + 10
        assert nothing_in_the_clear(host, port) == b""
        with pytest.raises((ssl.SSLError, ConnectionError)):
            strange_certificate(host, port, tmp_path)
    finally:
        statuses = [one.stop() for one in running]
    assert statuses == [0] * len(PROCESSES)


def openssl(*words: str) -> None:
    """OpenSSL's own command, which must be content."""
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def nothing_in_the_clear(host: str, port: int) -> bytes:
    """What SSP 62's OSN wire answers to somebody who speaks as server 72 did without TLS."""
    with socket.create_connection((host, port), 5) as plain:
        plain.sendall(encode_frame(Hello("server-72", "ssp-62", 1)))
        heard = b""
        try:
            while octets := plain.recv(100):
                heard += octets
        except ConnectionError:
            pass
    return b"" if heard[:1] == b"\x15" else heard


def strange_certificate(host: str, port: int, directory: pathlib.Path) -> None:
    """A certificate with the right name, of somebody's own making by OpenSSL's own command."""
    key, certificate = directory / "forged.key", directory / "forged.pem"
    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
        *("-keyout", str(key), "-out", str(certificate), "-subj", "/CN=server-72"),
        *("-addext", "subjectAltName=DNS:server-72"),
    )
    context = ssl.create_default_context(cafile=str(directory / "inside" / "authority.pem"))
    context.load_cert_chain(certificate, key)
    with (
        socket.create_connection((host, port), 5) as plain,
        context.wrap_socket(plain, server_hostname="ssp-62") as secured,
    ):
        secured.sendall(encode_frame(Hello("server-72", "ssp-62", 1)))
        while secured.recv(100):
            pass
        raise ConnectionError


def test_certificates_are_kept_while_they_are_good_and_openssl_takes_them(
    tmp_path: pathlib.Path,
) -> None:
    network = network_in(tmp_path)
    first = certificates(network, "--days", "20", "--renew-days", "10")
    names = ["authority", "server-72", "ssp-62", "ip-76", "telephones"]
    assert [row["name"] for row in first] == names
    assert all(row["new"] for row in first)
    again = certificates(network, "--renew-days", "10")
    assert not any(row["new"] for row in again)
    assert [row["until"] for row in again] == [row["until"] for row in first]
    renewed = certificates(network, "--renew-days", "21")
    assert [row["new"] for row in renewed] == [False, True, True, True, True]
    inside = tmp_path / "inside"
    for purpose in ("sslserver", "sslclient"):
        openssl(
            *("verify", "-x509_strict", "-purpose", purpose, "-verify_hostname", "ssp-62"),
            *("-CAfile", str(inside / "authority.pem"), str(inside / "ssp-62.pem")),
        )
    assert [one.stat().st_mode & 0o077 for one in inside.glob("*.key")] == [0] * 5


def test_an_authority_that_takes_the_place_of_another_is_believed_beside_it(
    tmp_path: pathlib.Path,
) -> None:
    network, inside = network_in(tmp_path), tmp_path / "inside"
    certificates(network)
    before = (inside / "authority.pem").read_text()
    old = (inside / "ssp-62.pem").read_bytes()
    assert all(row["new"] for row in certificates(network, "--new-authority"))
    both = (inside / "authority.pem").read_text()
    assert both.endswith(before)
    assert both.count("BEGIN CERTIFICATE") == 2
    (inside / "old.pem").write_bytes(old)
    for name in ("old", "ssp-62"):
        openssl("verify", "-CAfile", str(inside / "authority.pem"), str(inside / f"{name}.pem"))
    assert not any(row["new"] for row in certificates(network))


def test_a_key_that_others_may_read_is_refused(tmp_path: pathlib.Path) -> None:
    network, inside = network_in(tmp_path), tmp_path / "inside"
    certificates(network)
    (inside / "ssp-62.key").chmod(0o644)
    done = calleq("certificates", str(inside), "--network", str(network))
    assert (done.returncode, done.stdout) == (1, "")
    assert "ssp-62.key: others may read it: take it for known" in done.stderr


def test_wires_among_machines_without_tls_do_not_start(tmp_path: pathlib.Path) -> None:
    network = network_in(tmp_path)
    text = network.read_text().replace(TLS, '\n[processes.hosts]\n"ssp-62" = "192.0.2.62"\n')
    network.write_text(text)
    done = calleq("run", "server-72", "--network", str(network), "--data", str(tmp_path / "data"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "elements that other machines reach (ssp-62 at 192.0.2.62)" in done.stderr
    assert "calleq certificates" in done.stderr
