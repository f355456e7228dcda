"""`calleq business`, `user`, `number`, `rep`, `customer`, `credential`: the carrier's accounts."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from calleq.cli.failure import CommandError, UsageError
from calleq.cli.given_accounts import given_settings, given_shift
from calleq.cli.output import print_json, print_line, print_table
from calleq.cli.reading import OPERATOR, read_json
from calleq.client.accounts import AccountsClient
from calleq.client.errors import ClientError
from calleq.messages.accounts import (
    BusinessView,
    CredentialView,
    CustomerOrder,
    CustomerView,
    IssuedView,
    NewCredential,
    NumberList,
    RepresentativeOrder,
    RepresentativeView,
    Rotation,
    UserOrder,
    UserView,
)

Shown = Sequence[msgspec.Struct] | msgspec.Struct | None


def run(arguments: argparse.Namespace) -> int:
    """One way of one of the six commands."""
    try:
        with client_of(arguments) as client:
            shown = _WAYS[arguments.command](client, arguments)
    except ClientError as error:
        raise CommandError(str(error)) from error
    if arguments.json:
        print_json(msgspec.to_builtins(shown))
    else:
        _print(shown, arguments)
    return 0


def client_of(arguments: argparse.Namespace) -> AccountsClient:
    """The public API with a key, or the operator's door. Raises CommandError, UsageError."""
    if arguments.url:
        key = os.environ.get("CALLEQ_KEY", "")
        if arguments.key_file:
            key = text_of(arguments.key_file)
        if not key:
            raise UsageError("--url needs an API key: in $CALLEQ_KEY, or in --key-file FILE")
        return AccountsClient(arguments.url, key)
    return operator_client(arguments.data)


def operator_client(data: Path) -> AccountsClient:
    """At the operator's door of the process that has the accounts. Raises CommandError."""
    doors = read_json(data / "listening.json")
    urls = [
        url for name, url in doors.items() if name.startswith(OPERATOR) and isinstance(url, str)
    ]
    if not urls:
        raise CommandError(f"{data}: no running network is known here (calleq up --data {data})")
    for url in urls:
        client = AccountsClient(url)
        try:
            client.users()
        except ClientError:
            client.close()
            continue
        return client
    raise CommandError(f"{data}: no process that runs the door answers; is it running?")


def text_of(path: str) -> str:
    """What stands in a small file, or (`-`) on standard input. Raises UsageError."""
    if path == "-":
        return sys.stdin.readline().rstrip("\r\n")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error


def _business(client: AccountsClient, given: argparse.Namespace) -> Shown:
    match given.way:
        case "list":
            return list(client.businesses())
        case "show":
            return client.business(given.identifier)
        case "add":
            settings = given_settings(given.settings)
            told = {"name": given.name, "number": given.number}
            settings |= {key: value for key, value in told.items() if value is not None}
            return client.add_business(given.identifier, settings)
        case "set":
            return client.change_business(given.identifier, given_settings(given.settings))
        case "suspend":
            return client.suspend(given.identifier, given.reason)
        case _:
            return client.resume(given.identifier)


def _user(client: AccountsClient, given: argparse.Namespace) -> Shown:
    match given.way:
        case "list":
            return client.users(given.business)
        case "add":
            order = UserOrder(role=given.role, name=given.name)
            return client.put_user(given.identifier, order, given.business)
        case _:
            client.remove_user(given.identifier, given.business)
            return None


def _number(client: AccountsClient, given: argparse.Namespace) -> Shown:
    match given.way:
        case "list":
            return client.numbers(given.business)
        case "add":
            return client.assign_number(given.business, given.number)
        case _:
            return client.release_number(given.business, given.number)


def _representative(client: AccountsClient, given: argparse.Namespace) -> Shown:
    match given.way:
        case "list":
            return client.representatives(given.business)
        case "add":
            shifts = tuple(given_shift(text) for text in given.shift)
            order = RepresentativeOrder(number=given.number, name=given.name, shifts=shifts)
            return client.put_representative(given.business, given.identifier, order)
        case _:
            client.remove_representative(given.business, given.identifier)
            return None


def _customer(client: AccountsClient, given: argparse.Namespace) -> Shown:
    match given.way:
        case "list":
            return list(client.customers(given.business))
        case "show":
            return client.customer(given.business, given.identifier)
        case "add":
            order = CustomerOrder(
                number=given.number,
                sip=given.sip,
                consent=given.consent,
                do_not_call=given.do_not_call,
                name=given.name,
            )
            return client.put_customer(given.business, given.identifier, order)
        case _:
            client.forget_customer(given.business, given.identifier)
            return None


def _credential(client: AccountsClient, given: argparse.Namespace) -> Shown:
    match given.way:
        case "list":
            return client.credentials(given.business)
        case "add":
            order = NewCredential(
                kind=given.kind,
                role=given.role,
                user=given.user,
                label=given.label,
                scopes=tuple(given.scope),
                expires_at=given.expires,
                secret=text_of(given.secret_file) if given.secret_file else "",
                certificate=text_of(given.certificate) if given.certificate else "",
            )
            return client.issue(order, given.business)
        case "rotate":
            rotation = Rotation(
                overlap_s=given.overlap,
                secret=text_of(given.secret_file) if given.secret_file else "",
                certificate=text_of(given.certificate) if given.certificate else "",
            )
            return client.rotate(given.identifier, rotation, given.business)
        case _:
            return client.revoke(given.identifier, given.reason, given.business)


_WAYS: dict[str, Callable[[AccountsClient, argparse.Namespace], Shown]] = {
    "business": _business,
    "user": _user,
    "number": _number,
    "rep": _representative,
    "customer": _customer,
    "credential": _credential,
}

_COLUMNS: dict[str, tuple[str, ...]] = {
    "business": ("business", "name", "number", "active", "in topology", "changed"),
    "user": ("user", "business", "role", "name"),
    "number": ("number",),
    "rep": ("representative", "number", "name", "shifts", "on shift"),
    "customer": ("customer", "number", "SIP", "consent", "may be called", "name"),
    "credential": ("credential", "kind", "role", "user", "label", "standing", "expires", "used"),
}
_TITLES = {
    "business": ("business", "businesses"),
    "rep": ("representative", "representatives"),
}


def _print(shown: Shown, given: argparse.Namespace) -> None:
    if shown is None:
        print_line("removed")
        return
    if isinstance(shown, IssuedView):
        _print_secret(shown)
        return
    if isinstance(shown, NumberList):
        print_table(f"numbers of {shown.business}", ("number",), [(n,) for n in shown.numbers])
        return
    rows = [shown] if isinstance(shown, msgspec.Struct) else list(shown)
    one, several = _TITLES.get(given.command, (given.command, f"{given.command}s"))
    title = f"{len(rows)} {one if len(rows) == 1 else several}"
    print_table(title, _COLUMNS[given.command], [_row(row) for row in rows])
    if given.command == "business" and given.way == "show":
        for row in rows:
            assert isinstance(row, BusinessView)
            _print_settings(row)


def _print_settings(business: BusinessView) -> None:
    if business.suspended_because:
        print_line(f"suspended: {business.suspended_because}")
    print_table(
        "settings",
        ("key", "value"),
        [(key, msgspec.json.encode(value).decode()) for key, value in business.settings.items()],
    )


def _print_secret(issued: IssuedView) -> None:
    shown = issued.credential
    print_table("issued", _COLUMNS["credential"], [_row(shown)])
    if issued.secret:
        print_line(f"secret: {issued.secret}")
        print_line("It is not shown again: keep it where only its user can read it.")


def _row(shown: msgspec.Struct) -> tuple[str, ...]:
    match shown:
        case BusinessView():
            settings = shown.settings
            return (
                shown.business,
                str(settings.get("name", "")),
                str(settings.get("number", "")),
                "yes" if shown.active else "no",
                "yes" if shown.in_topology else "no",
                " ".join(shown.changed),
            )
        case UserView():
            return shown.user, shown.business or "the carrier", shown.role, shown.name
        case RepresentativeView():
            shifts = "; ".join(f"{','.join(s.days)} {s.begin}-{s.end}" for s in shown.shifts)
            on_shift = "yes" if shown.on_shift else "no"
            return shown.representative, shown.number, shown.name, shifts or "always", on_shift
        case CustomerView():
            may = "no" if shown.do_not_call or shown.consent == "withdrawn" else "yes"
            return shown.customer, shown.number, shown.sip, shown.consent, may, shown.name
        case CredentialView():
            return (
                *(shown.credential, shown.kind, shown.role, shown.user, shown.label),
                *(shown.standing, shown.expires_at or "never", shown.last_used_at or "never"),
            )
    raise AssertionError(f"{type(shown).__name__} is shown by no command")
