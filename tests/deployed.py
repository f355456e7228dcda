"""A network as somebody deploys it: TLS at its front door, JSON lines, a business with a hash."""

import json
import pathlib
import ssl

import httpx

from calleq.accounts import hash_password
from calleq.topology import figure1_path
from tests.certificates import Made, make
from tests.door import QUICK
from tests.live import Running

PASSWORD = "correct horse battery staple 8072"
ORIGIN = "https://shop.example"
_SHOP = """
[[businesses]]
identifier = "shop"
name = "Boot Shop"
password_hash = '{hash}'
origins = ["https://shop.example"]
number = "+12125550140"
representatives = ["+12125550143"]

# 800 numbers"""


def topology_text(tls: str, listen: str = "127.0.0.1:8072", *, demonstrate: bool = True) -> str:
    """Figure 1 with a shop, whose door has such keys."""
    text = figure1_path().read_text("utf-8")
    switch = 'switch = "ssp-62"'
    text = text.replace(switch, f'{switch}\nlisten = "{listen}"\n{tls}', 1)
    shop = _SHOP.format(hash=hash_password(PASSWORD, QUICK))
    assert "\n# 800 numbers" in text
    text = text.replace("\n# 800 numbers", shop, 1)
    if not demonstrate:
        for name in ("abc", "xyz"):
            plain = f'password = "{name}-demo"'
            assert plain in text
            text = text.replace(plain, f"password_hash = '{hash_password('x', QUICK)}'")
    return text


_PROGRAM = """
import calleq.cli.exposure
from calleq.cli.main import main
calleq.cli.exposure.LOOK_S = 0.2  # certificates are looked at more often than usual
raise SystemExit(main())
"""


class Deployed:
    """`calleq up` with TLS, in a directory; a context manager."""

    def __init__(self, directory: pathlib.Path, *options: str) -> None:
        self.directory, self.data = directory, directory / "data"
        self.authority = make(directory, "authority", authority=True)
        self.clients = make(directory, "clients", authority=True)
        self.client = make(directory, "client", self.clients)
        self.certificate, self.key = directory / "door.pem", directory / "door.key"
        make(directory, "first", self.authority).copy_to(self.certificate, self.key)
        network = directory / "network.toml"
        files = 'certificate = "door.pem", key = "door.key", client_authorities = "clients.pem"'
        network.write_text(topology_text(f"tls = {{ {files} }}"))
        given = ("--network", str(network), "--data", str(self.data), "--port", "0")
        self.up = Running("up", *given, "--log-json", *options, program=_PROGRAM)

    def __enter__(self) -> "Deployed":
        try:
            self.up.wait_for(r'"message":"ready"')
        except BaseException:
            self.up.stop()
            raise
        doors = json.loads((self.data / "listening.json").read_text())
        self.url, self.operator = doors["front door"], doors["operator"]
        return self

    def __exit__(self, *raised: object) -> None:
        self.status = self.up.stop()

    def http(self, client: Made | None = None) -> httpx.Client:
        """A client of the front door, with a certificate of its own or without."""
        context = ssl.create_default_context(cafile=str(self.authority.path))
        if client is not None:
            context.load_cert_chain(client.path, client.key)
        return httpx.Client(base_url=self.url, verify=context, trust_env=False, timeout=20)

    def operates(self) -> httpx.Client:
        """A client of the operator's door."""
        return httpx.Client(base_url=self.operator, trust_env=False, timeout=20)

    def events(self) -> list[dict[str, object]]:
        """Everything that was told so far."""
        return [json.loads(line) for line in self.up.said()]
