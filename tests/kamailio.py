"""kamailio as a foreign SIP system: a registrar and proxy with telephones of its own behind it.

    with kamailio(tmp_path, switch="127.0.0.1:5062") as system:
        ...                                    # telephones register at system.address

Its users register by digest with one password. A call from our switch for one of its numbers goes
to the telephone that has registered it; a call of its telephones for a number that is not its own
goes to our switch, over the trunk, with the caller asserted. It may ask our switch to prove itself
(`asks`), and may register at our switch as a subscriber's line does (`registers`): then calls for
that line go to the telephone of the same name behind it.

It is one program with a folder of its own, started and ended here, on an address of loopback that
nothing else uses.
"""

import contextlib
import itertools
import pathlib
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

START_LIMIT_S = 10.0
MODULES = "/usr/lib/x86_64-linux-gnu/kamailio/modules/"
PORTS = itertools.count(10_900, 2)
DOMAIN = "carrier.example"
PASSWORD = "behind-the-carrier"

_CONFIG = """\
debug=2
log_stderror=yes
fork=yes
children=1
tcp_children=1
auto_aliases=no
listen=udp:{host}:{port}
listen=tcp:{host}:{port}
alias="{domain}"
mpath="{modules}"
loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
{extra_modules}
modparam("usrloc", "db_mode", 0)
modparam("usrloc", "timer_interval", 5)
modparam("registrar", "min_expires", 5)
modparam("rr", "enable_full_lr", 1)
modparam("tm", "fr_timer", 5000)
modparam("tm", "fr_inv_timer", 60000)
{extra_params}

request_route {{
  if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
  if (has_totag()) {{
    if (loose_route()) {{ t_relay(); exit; }}
    if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); exit; }}
    sl_send_reply("404", "Not here"); exit;
  }}
  if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
  if (is_method("ACK")) exit;
  t_check_trans();
  if (is_method("OPTIONS")) {{ sl_send_reply("200", "OK"); exit; }}
  if (is_method("REGISTER")) {{
    if (!pv_www_authenticate("{domain}", "{password}", "0")) {{
      www_challenge("{domain}", "1"); exit;
    }}
    save("location"); exit;
  }}
  if (!is_method("INVITE")) {{ sl_send_reply("405", "Method Not Allowed"); exit; }}
  record_route();
  remove_hf("Route");
  {line}$ru = "sip:" + $rU + "@{domain}";
  if (lookup("location")) {{
{proof}    xlog("L_NOTICE", "to a telephone of ours: $rU\\n");
    t_relay(); exit;
  }}
  if ($si == "{switch_host}" && $sp == {switch_port}) {{
    xlog("L_NOTICE", "nobody is $rU\\n");
    sl_send_reply("404", "Not Found"); exit;
  }}
  append_hf("P-Asserted-Identity: <sip:$fU@{domain}>\\r\\n");
  $ru = "sip:" + $rU + "@{switch_host}:{switch_port}";
  $du = "sip:{switch_host}:{switch_port}";
  xlog("L_NOTICE", "over the trunk: $rU\\n");
  t_relay();
}}
"""
_PROOF = """\
    if ($si == "{switch_host}" && $sp == {switch_port} && !isflagset(1)) {{
      if (!pv_proxy_authenticate("{domain}", "{password}", "0")) {{
        proxy_challenge("{domain}", "1"); exit;
      }}
      consume_credentials();
    }}
"""
_UAC_TABLE = """\
id(int,auto) l_uuid(string) l_username(string) l_domain(string) r_username(string) \
r_domain(string) realm(string) auth_username(string) auth_password(string) auth_ha1(string,null) \
auth_proxy(string) expires(int) flags(int) reg_delay(int) contact_addr(string) socket(string)
1:line:{user}:{domain}:{user}:{far_domain}:{far_domain}:{user}:{secret}::sip\\:{switch}:60:0:0:\
{host}\\:{port}:udp\\:{host}\\:{port}
"""
_VERSION_TABLE = """\
table_name(string) table_version(int)
uacreg:5
"""


@dataclass(frozen=True)
class Line:
    """A subscriber's line of our switch, that kamailio is the telephone of."""

    username: str
    password: str
    domain: str


@dataclass
class System:
    """A kamailio that runs."""

    folder: pathlib.Path
    process: subprocess.Popen[bytes]
    host: str
    port: int

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"{self.host}:{self.port}"

    def log(self) -> str:
        """What it has printed."""
        return (self.folder / "log").read_text("utf-8", "replace")


@contextlib.contextmanager
def kamailio(
    folder: pathlib.Path,
    *,
    switch: str,
    host: str = "127.0.0.2",
    port: int = 0,
    asks: bool = False,
    registers: Line | None = None,
) -> Iterator[System]:
    """Run one; `switch` is HOST:PORT of our switch, port 0 takes one of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    port = port or next(PORTS)
    switch_host, _, switch_port = switch.rpartition(":")
    extra_modules = extra_params = line = ""
    if registers is not None:
        _write_tables(folder / "tables", registers, switch, host, port)
        line = 'if (uac_reg_lookup("$rU", "$ru")) setflag(1);\n  '
        extra_modules = 'loadmodule "db_text.so"\nloadmodule "uac.so"'
        extra_params = (
            f'modparam("uac", "reg_db_url", "text://{folder / "tables"}")\n'
            'modparam("uac", "reg_timer_interval", 1)\n'
            'modparam("uac", "restore_mode", "none")\n'
            'modparam("uac", "reg_retry_interval", 2)\n'
            f'modparam("uac", "reg_contact_addr", "{host}:{port}")'
        )
    proof = ""
    if asks:
        proof = _PROOF.format(
            domain=DOMAIN, password=PASSWORD, switch_host=switch_host, switch_port=switch_port
        )
    (folder / "kamailio.cfg").write_text(
        _CONFIG.format(
            host=host,
            port=port,
            domain=DOMAIN,
            password=PASSWORD,
            modules=MODULES,
            switch_host=switch_host,
            switch_port=switch_port,
            proof=proof,
            line=line,
            extra_modules=extra_modules,
            extra_params=extra_params,
        )
    )
    program = shutil.which("kamailio") or "/usr/sbin/kamailio"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(program, "-f", str(folder / "kamailio.cfg"), "-DD", "-E", "-m", "16", "-M", "4"),
                *("-Y", str(folder), "-P", str(folder / "pid")),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    system = System(folder, process, host, port)
    try:
        _wait_until_it_answers(system)
        yield system
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _write_tables(folder: pathlib.Path, line: Line, switch: str, host: str, port: int) -> None:
    """What its registrar client reads: kamailio's own database of text files."""
    folder.mkdir(exist_ok=True)
    (folder / "version").write_text(_VERSION_TABLE)
    (folder / "uacreg").write_text(
        _UAC_TABLE.format(
            user=line.username,
            secret=line.password,
            far_domain=line.domain,
            domain=DOMAIN,
            switch=switch.replace(":", "\\:"),
            host=host,
            port=port,
        )
    )


def _wait_until_it_answers(system: System) -> None:
    """Ask OPTIONS until it does. Raises AssertionError."""
    end = time.monotonic() + START_LIMIT_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind((system.host, 0))
        asking.settimeout(0.1)
        mine = f"{system.host}:{asking.getsockname()[1]}"
        question = (
            f"OPTIONS sip:{system.address} SIP/2.0\r\nVia: SIP/2.0/UDP {mine};branch=z9hG4bK0\r\n"
            f"From: <sip:test@{mine}>;tag=0\r\nTo: <sip:{system.address}>\r\nCall-ID: 0@{mine}\r\n"
            "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        ).encode()
        while True:
            assert system.process.poll() is None, f"kamailio ended:\n{system.log()}"
            assert time.monotonic() < end, f"kamailio does not answer:\n{system.log()}"
            asking.sendto(question, (system.host, system.port))
            with contextlib.suppress(OSError):
                if asking.recv(4_096).startswith(b"SIP/2.0 200"):
                    return
                time.sleep(0.05)
