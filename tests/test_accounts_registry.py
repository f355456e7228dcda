"""The registry: what there is, changed by changes, checked before, kept in the journal."""

import random
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calleq.accounts import bounds
from calleq.accounts.changes import (
    AccountError,
    BusinessAdded,
    BusinessChanged,
    BusinessResumed,
    BusinessSuspended,
    Change,
    CredentialIssued,
    CredentialRevoked,
    CredentialRotated,
    CredentialUsed,
    CustomerForgotten,
    CustomerPut,
    NumberAssigned,
    NumberReleased,
    RepresentativePut,
    RepresentativeRemoved,
    UserPut,
    UserRemoved,
    read,
    written,
)
from calleq.accounts.checks import check
from calleq.accounts.credential import Credential
from calleq.accounts.credentials import LIMIT_ENDED
from calleq.accounts.issuing import Issuing
from calleq.accounts.keeping import RESTATED_US, Keeping
from calleq.accounts.registry import Registry
from calleq.accounts.rights import SCOPES
from calleq.accounts.safe import Safe, SafeError
from calleq.journal.entries import Accepted, AccountChanged, Ended, Entry, Stamped
from calleq.journal.segments import Unfinished
from calleq.runtime.clock import VirtualClock
from calleq.topology_business import Agent, Business
from calleq.units import parse_utc
from tests.door import MORNING_US, JournalDouble

ABC = Business(
    identifier="abc",
    name="ABC Company",
    number="+12125550140",
    numbers=("+12125550141",),
    representatives=("+12125550143", "+12125550144"),
    agents=(Agent(identifier="ann", number="+12125550143"),),
)
XYZ = Business(identifier="xyz", number="+12125550150")
NOW_US = MORNING_US


def registry(*changes: Change) -> Registry:
    made = Registry([ABC, XYZ])
    for change in changes:
        check(made, change, NOW_US)
        made.apply(change)
    return made


def key(name: str = "key-0123456789ab", business: str = "abc", **more: object) -> Credential:
    known = Credential(
        identifier=name,
        kind="api_key",
        role="business_owner",
        business=business,
        stored="0" * 64,
        issued_us=NOW_US,
    )
    return msgspec.structs.replace(known, **more)


ONE_OF_EACH: list[Change] = [
    BusinessAdded(business="acme", settings={"name": "Acme", "language": "de"}),
    BusinessChanged(business="abc", settings={"consent": "key", "language": "fr"}),
    BusinessSuspended(business="xyz", reason="unpaid"),
    BusinessResumed(business="xyz"),
    UserPut(user="ann", business="abc", role="developer", name="Ann"),
    UserPut(user="op", role="carrier_operator"),
    NumberAssigned(business="acme", number="+12125550170"),
    NumberReleased(business="abc", number="+12125550141"),
    RepresentativePut(business="acme", representative="bob", number="+12125550171"),
    RepresentativeRemoved(business="abc", representative="ann"),
    CustomerPut(business="abc", customer="c-1", number="+12125550100", consent="given"),
    CustomerPut(business="abc", customer="c-2", sip="sip:ann@example.org", do_not_call=True),
    CustomerForgotten(business="abc", customer="c-1"),
    CredentialIssued(credential=key()),
    CredentialRotated(
        credential="key-0123456789ab", good_until_us=NOW_US + 5, successor=key("key-0123456789ac")
    ),
    CredentialUsed(credential="key-0123456789ac", at_us=NOW_US + 1),
    CredentialRevoked(credential="key-0123456789ac", at_us=NOW_US + 2, reason="lost"),
    UserRemoved(user="ann", business="abc"),
]


def state(known: Registry) -> object:
    """Everything that a registry answers."""
    return (
        known.businesses(),
        [known.numbers(one.identifier) for one in known.businesses()],
        [known.users(of) for of in ("", "abc", "acme")],
        [known.credentials(of) for of in ("", "abc")],
        [known.last_used_us(one.identifier) for one in known.credentials("abc")],
        list(known.customers("abc")),
        known.forbids("abc", "sip:ann@example.org"),
    )


def test_every_kind_of_change_is_plain_json_and_back():
    for change in ONE_OF_EACH:
        octets = msgspec.json.encode(written(change))
        assert read(msgspec.json.decode(octets)) == change
    with pytest.raises(AccountError):
        read({"change": "a later version's"})


def test_changes_make_the_business_that_everybody_knows():
    known = registry(*ONE_OF_EACH)
    abc, acme = known.business("abc"), known.business("acme")
    assert abc is not None
    assert acme is not None
    assert (abc.consent, abc.language, abc.agents) == ("key", "fr", ())
    assert abc.representatives == ("+12125550144",)
    assert known.numbers("abc") == ("+12125550140",)
    assert (acme.name, acme.numbers) == ("Acme", ("+12125550170",))
    assert acme.representatives == ("+12125550171",)
    assert known.owner_of("+12125550170") == "acme"
    assert known.owner_of("+12125550141") is None


def test_what_is_in_force_makes_the_same_registry_again():
    known = registry(*ONE_OF_EACH)
    again = Registry([ABC, XYZ])
    for group in known.in_force():
        for change in group:
            again.apply(read(written(change)))
    assert state(again) == state(known)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, len(ONE_OF_EACH) - 1), max_size=40))
def test_any_history_in_force_makes_the_same_registry_again(history: list[int]):
    known, again = Registry([ABC, XYZ]), Registry([ABC, XYZ])
    for index in history:
        change = ONE_OF_EACH[index]
        try:
            check(known, change, NOW_US)
        except AccountError:
            continue
        known.apply(change)
    for group in known.in_force():
        for change in group:
            again.apply(change)
    for _ in range(2):  # saying it once more changes nothing
        assert state(again) == state(known)
        for group in list(known.in_force()):
            for change in group:
                again.apply(change)


def test_a_table_of_settings_is_changed_key_by_key():
    known = registry(
        BusinessChanged(business="abc", settings={"calendar": {"zone": "Europe/Paris"}}),
        BusinessChanged(business="abc", settings={"calendar": {"ahead_days": 7}}),
    )
    abc = known.business("abc")
    assert abc is not None
    assert (abc.calendar.zone, abc.calendar.ahead_days) == ("Europe/Paris", 7)
    known.apply(BusinessChanged(business="abc", settings={"calendar": {"zone": None}}))
    abc = known.business("abc")
    assert abc is not None
    assert (abc.calendar.zone, abc.calendar.ahead_days) == ("UTC", 7)
    known.apply(BusinessChanged(business="abc", settings={"calendar": None}))
    assert known.business("abc") == ABC


def test_a_topology_that_is_read_anew_leaves_later_changes_as_they_were():
    known = registry(*ONE_OF_EACH)
    renamed = msgspec.structs.replace(ABC, name="ABC International", language="es")
    known.rebase([renamed])
    abc, xyz = known.business("abc"), known.business("xyz")
    assert abc is not None
    assert (abc.name, abc.language) == ("ABC International", "fr")
    assert xyz is not None
    assert not xyz.active, "one that left is there, and makes no calls"
    assert known.business("acme") is not None
    with pytest.raises(AccountError):
        check(known, BusinessResumed(business="xyz"), NOW_US)
    known.rebase([renamed, XYZ])
    back = known.business("xyz")
    assert back is not None
    assert back.active


REFUSED: list[tuple[str, Change]] = [
    ("exists", BusinessAdded(business="abc")),
    ("identifier", BusinessAdded(business="Big Shop")),
    ("not_a_setting", BusinessAdded(business="new", settings={"password": "secret"})),
    ("not_a_setting", BusinessChanged(business="abc", settings={"active": False})),
    ("not_a_setting", BusinessChanged(business="abc", settings={"recorded_name": "/etc/passwd"})),
    ("invalid_setting", BusinessChanged(business="abc", settings={"language": "tlh"})),
    ("invalid_setting", BusinessChanged(business="abc", settings={"colour": "red"})),
    ("invalid_setting", BusinessChanged(business="abc", settings={"question_tries": 99})),
    ("owned", BusinessChanged(business="abc", settings={"number": "+12125550150"})),
    ("owned", BusinessAdded(business="new", settings={"number": "+12125550140"})),
    ("unknown_business", BusinessSuspended(business="nobody")),
    ("unchanged", BusinessResumed(business="abc")),
    ("too_long", BusinessSuspended(business="abc", reason="x" * 201)),
    ("role", UserPut(user="ann", business="abc", role="carrier_operator")),
    ("role", UserPut(user="ann", role="developer")),
    ("role", UserPut(user="ann", business="abc", role="page")),
    ("identifier", UserPut(user="Ann/Bob", business="abc", role="developer")),
    ("unknown_business", UserPut(user="ann", business="nobody", role="developer")),
    ("unknown_user", UserRemoved(user="ann", business="abc")),
    ("owned", NumberAssigned(business="xyz", number="+12125550141")),
    ("unchanged", NumberAssigned(business="abc", number="+12125550141")),
    ("number", NumberAssigned(business="abc", number="12125550199")),
    ("unknown_number", NumberReleased(business="abc", number="+12125550150")),
    ("number", RepresentativePut(business="abc", representative="x", number="911")),
    ("unknown_representative", RepresentativeRemoved(business="xyz", representative="ann")),
    ("missing", CustomerPut(business="abc", customer="c")),
    ("sip", CustomerPut(business="abc", customer="c", sip="+12125550100")),
    ("identifier", CustomerPut(business="abc", customer="a\nb", number="+12125550100")),
    ("unknown_customer", CustomerForgotten(business="abc", customer="c")),
    ("role", CredentialIssued(credential=key(role="carrier_operator"))),
    ("role", CredentialIssued(credential=key(business="", role="developer"))),
    ("scopes", CredentialIssued(credential=key(role="developer", scopes=("accounts:write",)))),
    ("expires", CredentialIssued(credential=key(expires_us=NOW_US))),
    ("unknown_user", CredentialIssued(credential=key(user="ann"))),
    ("unknown_credential", CredentialRevoked(credential="key-000000000000", at_us=1)),
]


@pytest.mark.parametrize(("code", "change"), REFUSED)
def test_what_may_not_be_asked_for_is_refused_by_code_and_changes_nothing(
    code: str, change: Change
):
    known = registry()
    before = state(known)
    with pytest.raises(AccountError) as refused:
        check(known, change, NOW_US)
    assert refused.value.code == code
    assert state(known) == before


def test_everything_is_bounded(monkeypatch: pytest.MonkeyPatch):
    for name in ("BUSINESSES", "USERS", "NUMBERS", "REPRESENTATIVES", "CREDENTIALS", "SPOKEN"):
        monkeypatch.setattr(f"calleq.accounts.checks.LIMIT_{name}", 2)
    spoken = key("pwd-000000000001", kind="password")
    known = registry(
        UserPut(user="a", business="abc", role="developer"),
        UserPut(user="b", business="abc", role="developer"),
        RepresentativePut(business="abc", representative="bob", number="+12125550144"),
        CredentialIssued(credential=spoken),
        CredentialIssued(credential=msgspec.structs.replace(spoken, identifier="pwd-2")),
    )
    for change in (
        BusinessAdded(business="new"),
        UserPut(user="c", business="abc", role="developer"),
        NumberAssigned(business="abc", number="+12125550199"),
        RepresentativePut(business="abc", representative="eve", number="+12125550145"),
        CredentialIssued(credential=key()),
    ):
        with pytest.raises(AccountError) as refused:
            check(known, change, NOW_US)
        assert refused.value.code == "full"
    check(known, UserPut(user="b", business="abc", role="business_owner"), NOW_US)


def test_of_credentials_that_prove_nothing_the_last_are_shown():
    known = Registry([ABC])
    for number in range(LIMIT_ENDED + 5):
        name = f"key-{number:012x}"
        known.apply(CredentialIssued(credential=key(name)))
        known.apply(CredentialRevoked(credential=name, at_us=number + 1))
    shown = [one.identifier for one in known.credentials("abc")]
    assert len(shown) == LIMIT_ENDED
    assert "key-000000000004" not in shown
    assert "key-000000000005" in shown


def test_a_suspended_business_makes_nothing_of_its_credentials():
    known = registry(CredentialIssued(credential=key()), BusinessSuspended(business="abc"))
    found = known.credential("key-0123456789ab")
    assert found is not None
    assert known.standing(found, NOW_US) == "suspended"
    known.apply(BusinessResumed(business="abc"))
    assert known.standing(found, NOW_US) == "good"


def test_a_rotated_credential_is_good_until_its_instant_and_not_longer_than_it_was():
    known = registry(
        CredentialIssued(credential=key()),
        CredentialRotated(
            credential="key-0123456789ab",
            good_until_us=NOW_US + 100,
            successor=key("key-0123456789ac"),
        ),
    )
    old, new = known.credential("key-0123456789ab"), known.credential("key-0123456789ac")
    assert old is not None
    assert new is not None
    assert known.standing(old, NOW_US + 99) == "good"
    assert known.standing(old, NOW_US + 100) == "expired"
    assert known.standing(new, NOW_US + 100) == "good"
    again = CredentialRotated(
        credential=old.identifier, good_until_us=NOW_US + 900, successor=key("key-0123456789ad")
    )
    with pytest.raises(AccountError, match="not good"):
        check(known, again, NOW_US + 1)


# Secrets.


def issuing() -> Issuing:
    return Issuing(random.Random(5).randbytes, lambda text: "argon2:" + text[::-1], Safe(b"k" * 32))


def wanted(kind: str) -> Credential:
    return key("", kind=kind, stored="")


def test_an_api_key_names_its_credential_and_is_known_by_its_hash_alone():
    made = issuing().issue(wanted("api_key"))
    known = registry(CredentialIssued(credential=made.credential))
    assert made.secret.startswith("cq_live_" + made.credential.identifier.removeprefix("key-"))
    assert known.api_key(made.secret) == made.credential
    assert known.api_key(made.secret[:-1] + "_") is None
    assert known.api_key("cq_live_000000000000_" + "x" * 43) is None
    assert known.api_key("") is None
    assert made.secret not in str(written(CredentialIssued(credential=made.credential)))


def test_a_signing_key_is_sealed_and_opens_for_its_own_credential_under_its_own_key_alone():
    made = issuing().issue(wanted("signing_key"))
    known = Registry([ABC], safe=Safe(b"k" * 32))
    assert known.signing_secret(made.credential) == made.secret
    assert made.secret not in made.credential.stored
    other = msgspec.structs.replace(made.credential, identifier="sig-000000000000")
    assert known.signing_secret(other) is None
    assert Registry([ABC], safe=Safe(b"x" * 32)).signing_secret(made.credential) is None
    with pytest.raises(SafeError):
        Safe(b"k" * 32).open("bm90aGluZw==", made.credential.identifier)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("password", "short"),
        ("password", "aaaaaaaaaaaaaa"),
        ("password", "a\x00bcdefghijklmn"),
        ("password", "passwordpassword"),
        ("password", "P4ssw0rd1234!"),
        ("password", "qwertyuiop123456"),
        ("password", "ClickToCall2026!"),
        ("password", "abc-abc-abc-2026"),
        ("pin", "12345"),
        ("pin", "123456"),
        ("pin", "111111"),
        ("pin", "987654"),
        ("pin", "12a456"),
        ("api_key", "my own key"),
        ("signing_key", "my own key"),
        ("certificate", ""),
        ("certificate", "no certificate"),
    ],
)
def test_secrets_that_are_no_good_are_refused(kind: str, given: str):
    with pytest.raises(AccountError):
        issuing().issue(wanted(kind), given)


def test_a_secret_that_was_given_is_not_told_again():
    made = issuing().issue(wanted("password"), "correct horse battery")
    assert (made.secret, made.credential.stored) == ("", "argon2:yrettab esroh tcerroc")
    assert len(issuing().issue(wanted("password")).secret) == 24
    assert issuing().issue(wanted("pin")).secret.isdigit()


def test_every_role_may_do_something_and_a_reviewer_changes_nothing():
    assert all(SCOPES.values())
    assert not any(scope.endswith(":write") for scope in SCOPES["carrier_reviewer"])


# Shifts.


@pytest.mark.parametrize(
    ("agents", "key"),
    [
        ([{"identifier": "Ann", "number": "+12125550143"}], "agents[0].identifier"),
        (2 * [{"identifier": "ann", "number": "+12125550143"}], "agents[1].identifier"),
        ([{"identifier": "ann", "number": "+12125550199"}], "agents[0].number"),
        (
            [{"identifier": "a", "number": "+12125550143", "shifts": [{"begin": "9:00"}]}],
            "agents[0].shifts[0]",
        ),
    ],
)
def test_a_representative_of_a_topology_that_does_not_fit_is_refused_by_its_key(
    agents: list[dict[str, object]], key: str
):
    told = msgspec.to_builtins(ABC) | {"agents": agents}
    wrong = msgspec.convert(told, Business).wrong_agents()
    assert wrong is not None
    assert wrong[0] == key


SHIFTED = msgspec.structs.replace(
    ABC, calendar=msgspec.structs.replace(ABC.calendar, zone="America/New_York")
)


def shifted(*shifts: dict[str, object]) -> Registry:
    agent = msgspec.convert(
        {"identifier": "ann", "number": "+12125550143", "shifts": list(shifts)}, Agent
    )
    return Registry([msgspec.structs.replace(SHIFTED, agents=(agent,))])


@pytest.mark.parametrize(
    ("instant", "on"),
    [
        ("2026-11-23T13:59:59Z", False),  # Monday, 08:59:59 there
        ("2026-11-23T14:00:00Z", True),
        ("2026-11-23T21:59:59Z", True),
        ("2026-11-23T22:00:00Z", False),
        ("2026-11-24T15:00:00Z", False),  # Tuesday
        ("2026-07-20T13:00:00Z", True),  # Monday in summer: 09:00 there
    ],
)
def test_a_shift_is_by_the_clock_on_the_wall_of_the_business(instant: str, on: bool):
    known = shifted({"days": ["mon"], "begin": "09:00", "end": "17:00"})
    offered = known.on_shift("abc", parse_utc(instant))
    assert ("+12125550143" in offered) == on
    assert "+12125550144" in offered, "a number of no agent is always offered"


def test_a_shift_over_midnight_belongs_to_the_day_on_which_it_begins():
    known = shifted({"days": ["fri"], "begin": "22:00", "end": "06:00"})
    on = [
        "+12125550143" in known.on_shift("abc", parse_utc(instant))
        for instant in (
            "2026-11-27T05:00:00Z",  # Friday 00:00 there: Thursday's shift there is none
            "2026-11-28T03:00:00Z",  # Friday 22:00
            "2026-11-28T10:59:00Z",  # Saturday 05:59
            "2026-11-28T11:00:00Z",  # Saturday 06:00
            "2026-11-29T04:00:00Z",  # Saturday 23:00
        )
    ]
    assert on == [False, True, True, False, False]


# The journal.


class Kept:
    """A registry with its keeper, a clock and a journal."""

    def __init__(self, entries: list[Stamped] | None = None, start_us: int = NOW_US) -> None:
        self.clock = VirtualClock(start_us)
        self.journal = JournalDouble(self.clock, [])
        self.registry = Registry([ABC, XYZ])
        self.keeping = Keeping(self.registry, self.journal, self.clock, "server-72")
        self.keeping.restore(entries or [])

    def said(self) -> list[str]:
        return [str(entry.change["change"]) for entry in self.journal.of(AccountChanged)]


def test_every_change_is_in_the_journal_and_back_after_a_restart():
    before = Kept()
    for change in ONE_OF_EACH:
        before.keeping.change(change, by="operator")
    after = Kept(before.journal.entries)
    assert state(after.registry) == state(before.registry)
    assert after.journal.entries == [], "nothing that is restored is written again"
    assert {entry.by for entry in before.journal.of(AccountChanged)} == {"operator"}


def test_a_customer_that_was_forgotten_stays_forgotten_after_a_restart():
    """The accepted message that taught it comes before, and is read again."""
    taught = Accepted("c1", "abc", "server-72", {"customer_id": "c", "customer_number": "+1212"})
    entries = [
        Stamped("server-72", 1, NOW_US, 0, taught),
        Stamped(
            "server-72",
            2,
            NOW_US,
            0,
            AccountChanged(written(CustomerForgotten(business="abc", customer="c"))),
        ),
    ]
    assert Kept(entries[:1]).registry.customer("abc", "c") is not None
    assert Kept(entries).registry.customer("abc", "c") is None


def test_an_entry_of_a_later_version_is_passed_over_and_counted():
    entry = AccountChanged({"change": "invoice_sent"})
    kept = Kept([Stamped("server-72", 1, NOW_US, 0, entry)])
    assert kept.keeping.unreadable == 1


def test_what_is_in_force_is_written_anew_daily_and_alone_makes_the_same_registry():
    kept = Kept()
    for change in ONE_OF_EACH:
        kept.keeping.change(change)
    kept.clock.advance_us(RESTATED_US + 1_000_000)
    anew = kept.journal.entries[kept.said().index("restating_begun") :]
    assert kept.said()[-1] == "restating_done"
    assert state(Kept(anew).registry) == state(kept.registry)


def test_a_change_while_all_is_written_anew_is_what_counts():
    kept = Kept()
    names = [f"key-{number:012x}" for number in range(500)]
    for name in names:
        kept.keeping.change(CredentialIssued(credential=key(name)))
    begun = len(kept.journal.entries)
    kept.clock.advance_us(RESTATED_US)  # some are written, the rest follows after a pause
    assert "restating_done" not in kept.said()
    for name in (names[0], names[-1]):
        kept.keeping.change(CredentialRevoked(credential=name, at_us=1))
    kept.clock.advance_us(1_000_000)
    assert kept.said()[-1] == "restating_done"
    after = Kept(kept.journal.entries[begun:])
    for name in (names[0], names[-1]):
        found = after.registry.credential(name)
        assert found is not None
        assert found.ended_us, name


def test_nothing_is_written_anew_where_nothing_was_changed():
    kept = Kept()
    kept.clock.advance_us(3 * RESTATED_US)
    assert kept.journal.entries == []


def changed(change: Change) -> AccountChanged:
    return AccountChanged(written(change))


def segments_needed() -> Iterator[tuple[Entry, int]]:
    """Entries by the segment that they are written to."""
    yield changed(UserPut(user="op", role="carrier_operator")), 1
    yield changed(read({"change": "restating_begun"})), 3
    yield changed(UserPut(user="op", role="carrier_operator")), 3
    yield changed(read({"change": "restating_done"})), 4


def test_segments_are_needed_from_where_the_accounts_were_last_written_anew():
    unfinished = Unfinished()
    needed = []
    for entry, segment in segments_needed():
        unfinished.note("server-72", entry, segment)
        needed.append(unfinished.needed_from(9))
    assert needed == [1, 1, 1, 3]


def test_a_customer_that_a_message_taught_is_needed_like_any_account():
    unfinished = Unfinished()
    message = {"customer_id": "c-1", "customer_number": "+12125550100"}
    unfinished.note("server-72", Accepted("c", "abc", "server-72", message), 2)
    unfinished.note("server-72", Ended("c", "completed", 16), 2)
    assert unfinished.needed_from(9) == 2


def test_that_a_credential_expired_is_said_and_that_it_was_used_once_an_hour():
    kept = Kept()
    kept.keeping.change(CredentialIssued(credential=key(expires_us=NOW_US + 7_200_000_000)))
    for _ in range(12):
        kept.keeping.used("key-0123456789ab")
        kept.clock.advance_us(600_000_000)
    assert kept.said().count("credential_used") == 2
    assert kept.registry.last_used_us("key-0123456789ab") == NOW_US + 3_600_000_000
    assert kept.said()[-1] == "credential_expired"


def test_customers_are_bounded_and_found_at_the_bound():
    known = Registry([ABC], customers_limit=1_000)
    for number in range(2_500):
        known.taught("abc", f"c-{number}", "+12125550100")
    assert len(list(known.customers("abc"))) == 1_000
    assert known.customer("abc", "c-0") is None
    assert known.customer("abc", "c-2499") is not None
    assert bounds.LIMIT_BUSINESSES == 10_000
