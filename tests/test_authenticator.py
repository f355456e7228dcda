"""Who asks: every kind of proof right, and wrong in every way that is told apart."""

from pathlib import Path

import msgspec
import pytest

from calleq.accounts import Denial
from calleq.accounts.authenticator import PAGE_TOKEN, VISITOR_HEADER
from calleq.accounts.changes import (
    BusinessSuspended,
    CredentialRevoked,
    CredentialRotated,
    UserRemoved,
)
from calleq.accounts.page_tokens import VISITOR_COOKIE, visitor_digest
from calleq.accounts.principal import Principal
from calleq.accounts.replays import LIMIT_OF_OWNER, ReplayFile, Replays
from calleq.accounts.signatures import AHEAD_S, WINDOW_S
from calleq.journal.entries import Accepted
from calleq.messages.signing import NONCE, SIGNATURE, TIMESTAMP
from calleq.units import HOUR_US, MINUTE_US, SECOND_US
from tests.who import ORIGIN, PAGE, VISITOR, Who, basic, bearer


@pytest.fixture
def who() -> Who:
    return Who()


# Keys, passwords and certificates


def test_an_api_key_proves_whose_it_is(who: Who):
    key = who.issue("api_key", label="web shop")
    assert who.asks(who.key(key)) == Principal(
        "developer", "api_key", "shop", "web shop", key.identifier
    )
    assert who.used == [key.identifier]


def test_wrong_keys_are_told_apart_for_the_log_alone(who: Who):
    key = who.issue("api_key")
    secret = who.secrets[key.identifier]
    assert who.why(bearer(secret[:-1])) == "unknown_credential"
    assert who.why(bearer(secret[:-1] + "x")) == "unknown_credential"
    assert who.why(bearer("")) == "unknown_credential"
    assert who.why(bearer(secret + ", " + secret)) == "unknown_credential"
    assert who.why({"authorization": f"Token {secret}"}) == "malformed_credential"
    assert who.why({"authorization": "Basic !!!"}) == "malformed_credential"
    assert who.why({"authorization": "Basic " + "QUFB" * 1_000}) == "malformed_credential"
    assert who.why({}) == "no_credential"
    assert who.why(who.key(who.issue("api_key", "gone"))) == "suspended"
    assert who.why(who.key(who.issue("api_key", expires_us=1))) == "expired"
    assert who.why(who.key(who.issue("api_key", user="ann"))) == "no_user"
    who.registry.apply(CredentialRevoked(credential=key.identifier, at_us=1))
    assert who.why(who.key(key)) == "revoked"
    assert who.authenticator.denials.total() == 12


def test_a_rotated_key_is_good_beside_its_successor_and_then_alone_no_more(who: Who):
    old, new = who.issue("api_key"), who.issue("api_key")
    good_until_us = who.clock.now_us() + HOUR_US
    who.registry.apply(
        CredentialRotated(credential=old.identifier, good_until_us=good_until_us, successor=new)
    )
    assert (who.why(who.key(old)), who.why(who.key(new))) == ("", "")
    who.clock.advance_us(HOUR_US)
    assert (who.why(who.key(old)), who.why(who.key(new))) == ("expired", "")


def test_passwords_of_a_business_and_of_its_users(who: Who):
    who.issue("password", role="business_owner", secret="of the shop")
    who.issue("pin", role="business_owner", secret="271828")
    who.user("ann")
    own = who.issue("password", user="ann", secret="of ann")
    who.user("olga", business="", role="carrier_operator")
    who.issue("password", "", "carrier_operator", user="olga", secret="of olga")
    asked = who.asks(basic("shop", "of the shop"))
    assert isinstance(asked, Principal)
    assert (asked.role, asked.business, asked.name) == ("business_owner", "shop", "shop")
    assert who.why(basic("shop", "271828")) == ""
    assert who.asks(basic("shop/ann", "of ann")) == Principal(
        "developer", "password", "shop", "ann", own.identifier
    )
    carrier = who.asks(basic("/olga", "of olga"))
    assert isinstance(carrier, Principal)
    assert carrier.of_carrier
    assert who.why(basic("shop", "of ann")) == "bad_password"
    assert who.why(basic("other/ann", "of ann")) == "bad_password"
    assert who.why(basic("/ann", "of ann")) == "bad_password"
    assert who.why(basic("none", "of ann")) == "unknown_business"
    who.registry.apply(UserRemoved(user="ann", business="shop"))
    assert who.why(basic("shop/ann", "of ann")) == "no_user"


@pytest.mark.row("S2-31", part=True)
def test_a_verified_password_is_worth_nothing_once_it_is_revoked(who: Who):
    password = who.issue("password", secret="of the shop")
    assert who.why(basic("shop", "of the shop")) == ""
    who.registry.apply(CredentialRevoked(credential=password.identifier, at_us=1))
    assert who.why(basic("shop", "of the shop")) == "bad_password"


def test_a_password_revoked_while_it_is_verified_lets_nobody_in(who: Who):
    password = who.issue("password", secret="of the shop")
    verify = who.verifier.verify

    def verify_late(stored: str, given: str, done: object) -> None:
        who.registry.apply(CredentialRevoked(credential=password.identifier, at_us=1))
        verify(stored, given, done)  # type: ignore[arg-type]

    who.verifier.verify = verify_late  # type: ignore[method-assign,assignment]
    assert who.why(basic("shop", "of the shop")) == "bad_password"


def test_suspension_ends_every_proof_at_once(who: Who):
    who.issue("password", secret="of the shop")
    key, sign = who.issue("api_key"), who.issue("signing_key")
    certificate = who.issue("certificate")
    page = who.page()
    assert who.why(basic("shop", "of the shop")) == ""
    who.registry.apply(BusinessSuspended(business="shop"))
    assert who.why(basic("shop", "of the shop")) == "suspended"
    assert who.why(who.key(key)) == "suspended"
    assert who.why(who.signs(sign)) == "suspended"
    assert who.why(certificate=certificate.stored) == "suspended"
    assert who.why(page) == "suspended"


def test_a_certificate_proves_whose_it_is_where_nothing_else_is_offered(who: Who):
    certificate = who.issue("certificate")
    asked = who.asks(certificate=certificate.stored)
    assert isinstance(asked, Principal)
    assert (asked.proof, asked.business) == ("certificate", "shop")
    assert who.why(certificate="0" * 64) == "unknown_certificate"
    key = who.issue("api_key", "other")
    asked = who.asks(who.key(key), certificate=certificate.stored)
    assert isinstance(asked, Principal)
    assert asked.business == "other", "what the request says itself counts"
    assert who.why(bearer("cq_no"), certificate=certificate.stored) == "unknown_credential"


def test_two_proofs_in_one_request_are_none(who: Who):
    key, sign = who.issue("api_key"), who.issue("signing_key")
    for headers in (
        who.key(key) | who.signs(sign),
        who.key(key) | who.page(),
        who.signs(sign) | who.page(),
        who.key(key) | {NONCE: "x"},
    ):
        assert who.why(headers) == "several_credentials"


# Signatures


def test_a_signed_request_is_good_once(who: Who):
    sign = who.issue("signing_key")
    headers = who.signs(sign, body=b"{}")
    asked = who.asks(headers, body=b"{}")
    assert isinstance(asked, Principal)
    assert (asked.proof, asked.credential) == ("signature", sign.identifier)
    assert who.why(headers, body=b"{}") == "replayed_nonce"
    assert who.why(who.signs(sign, "m0123456789abcdef")) == ""


def test_a_signature_is_of_this_request_and_no_other(who: Who):
    sign, other = who.issue("signing_key"), who.issue("signing_key", "other")
    headers = who.signs(sign, target="/v1/calls?a=1", body=b"{}")
    good = {"target": "/v1/calls?a=1", "body": b"{}"}
    for wrong in (
        {"method": "PUT"},
        {"target": "/v1/calls"},
        {"target": "/v1/calls?a=2"},
        {"body": b"{ }"},
        {"body": b""},
    ):
        assert who.why(headers, **(good | wrong)) == "bad_signature", wrong
    for changed in (
        {"calleq-credential": other.identifier},
        {NONCE: "m0123456789abcdef"},
        {TIMESTAMP: str(who.now_s + 1)},
        {SIGNATURE: "v1=" + "0" * 64},
    ):
        assert who.why(headers | changed, **good) == "bad_signature", changed
    assert who.why(headers, **good) == "", "none of these used the nonce up"


@pytest.mark.parametrize(
    "changed",
    [
        {"calleq-credential": ""},
        {"calleq-credential": "a\nb"},
        {TIMESTAMP: "now"},
        {TIMESTAMP: "-1"},
        {TIMESTAMP: "١٧٩٠٠٠٠٠٠٠"},
        {NONCE: "short"},
        {NONCE: "n" * 65},
        {SIGNATURE: "v2=" + "0" * 64},
        {SIGNATURE: "v1=" + "0" * 63},
        {SIGNATURE: "v1=" + "A" * 64},
    ],
)
def test_malformed_signatures(who: Who, changed: dict[str, str]):
    sign = who.issue("signing_key")
    assert who.why(who.signs(sign) | changed) == "malformed_signature"


def test_a_signature_lives_five_minutes(who: Who):
    sign = who.issue("signing_key")

    def at(offset_s: int) -> str:
        nonce = f"nonce-{offset_s + 1_000:012d}"
        return who.why(who.signs(sign, nonce, at_s=who.now_s + offset_s))

    assert at(-WINDOW_S) == "stale_timestamp"
    assert at(-WINDOW_S + 1) == ""
    assert at(AHEAD_S) == ""
    assert at(AHEAD_S + 1) == "stale_timestamp"
    assert at(HOUR_US) == "stale_timestamp"


def test_an_api_key_does_not_sign_and_an_unknown_one_neither(who: Who):
    key, sign = who.issue("api_key"), who.issue("signing_key")
    assert who.why(who.signs(key)) == "unknown_credential"
    unknown = msgspec.structs.replace(sign, identifier="sig-ffffffffffff")
    who.secrets[unknown.identifier] = "x"
    assert who.why(who.signs(unknown)) == "unknown_credential"
    assert who.why(bearer(who.secrets[sign.identifier])) == "unknown_credential"


def test_a_full_table_of_nonces_refuses_and_forgets_none():
    replays = Replays()
    for number in range(LIMIT_OF_OWNER):
        assert replays.use("shop", str(number), 300, 0) == "first"
    assert replays.use("shop", "one more", 300, 0) == "full"
    assert replays.use("other", "one more", 300, 0) == "first", "others have their own share"
    assert replays.use("shop", "0", 300, 299) == "again"
    assert replays.use("shop", "one more", 601, 301) == "first"
    assert len(replays) == 1


def restarted(who: Who, path: Path) -> tuple[Who, ReplayFile]:
    file = ReplayFile(path, who.now_s)
    return Who(replays=file.table(), clock=who.clock), file


def test_a_restart_makes_no_nonce_and_no_page_token_good_again(tmp_path: Path):
    """The first life knows nothing of before: what was signed before it is refused."""
    path = tmp_path / "replays"
    before = Who()
    old = before.signs(before.issue("signing_key"), at_s=before.now_s - 1)
    one, file = restarted(before, path)
    sign = one.issue("signing_key")
    assert one.why(old) == "stale_timestamp"
    signed, page = one.signs(sign), one.page()
    unused = one.signs(sign, "unused-0123456789")
    assert (one.why(signed), one.why(page)) == ("", "")
    file.close()
    one.clock.advance_us(MINUTE_US)
    for turn in range(3):
        other, file = restarted(one, path)
        other.issue("signing_key")
        assert other.why(signed) == "replayed_nonce"
        assert other.why(page) == "replayed_page_token"
        assert other.why(old) == "stale_timestamp"
        if turn == 2:
            assert other.why(unused) == "", "signed before the restart, and not used"
        file.close()


def test_a_restart_of_the_machine_refuses_what_was_made_before(tmp_path: Path):
    one, file = restarted(Who(), tmp_path / "replays")
    sign = one.issue("signing_key")
    signed, page = one.signs(sign), one.page()
    file.close()
    path = tmp_path / "replays.0"
    path.write_bytes(b"another start of the machine......" + path.read_bytes()[36:])
    one.clock.advance_us(SECOND_US)
    other, file = restarted(one, tmp_path / "replays")
    other.issue("signing_key")
    assert other.why(signed) == "stale_timestamp"
    assert other.why(page) == "expired_page_token"
    assert other.why(other.signs(sign, "after-0123456789")) == ""
    file.close()
    assert other.why(other.signs(sign, "later-0123456789")) == "replays_full", "it cannot be noted"


def test_the_file_of_replays_does_not_grow_for_ever(tmp_path: Path):
    who = Who()
    file = ReplayFile(tmp_path / "replays", who.now_s)
    replays = file.table()
    for minute in range(600):
        now_s = who.now_s + 60 * minute
        for number in range(10):
            assert replays.use("shop", f"{minute} {number}", now_s + 300, now_s) == "first"
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert size < 2 * 130 * 10 * 20 + 100
    assert (
        ReplayFile(tmp_path / "replays", now_s).table().use("shop", "599 3", now_s + 300, now_s)
        == "again"
    )


# Page tokens


def test_a_page_asks_for_its_visitor_once(who: Who):
    headers = who.page()
    asked = who.asks(headers)
    assert asked == Principal(
        "page", "page_token", "shop", PAGE, "pt-1", visitor_digest("shop", VISITOR), ORIGIN, PAGE
    )
    assert VISITOR not in repr(asked), "the cookie's value is kept nowhere"
    assert who.why(headers) == "replayed_page_token"
    assert who.used == []


def test_a_page_token_is_worth_nothing_elsewhere(who: Who):
    good = who.page()
    cases: list[tuple[dict[str, str], str]] = [
        ({"origin": "https://evil.example"}, "other_origin"),
        ({"origin": "null"}, "other_origin"),
        ({"origin": ""}, "other_origin"),
        ({"origin": ORIGIN.upper()}, "other_origin"),
        ({"referer": "https://shop.example.evil.example/offers/boots"}, "other_origin"),
        ({"referer": ORIGIN + "/offers"}, "other_page"),
        ({"referer": ORIGIN + PAGE + "/more"}, "other_page"),
        ({VISITOR_HEADER: "visitor-of-somebody-else"}, "other_visitor"),
        ({VISITOR_HEADER: ""}, "other_visitor"),
        ({"cookie": f"{VISITOR_COOKIE}=somebody-else-altogether"}, "other_visitor"),
        ({PAGE_TOKEN: good[PAGE_TOKEN][:-1]}, "bad_page_token"),
        ({PAGE_TOKEN: good[PAGE_TOKEN] + "A"}, "bad_page_token"),
        ({PAGE_TOKEN: "pt2" + good[PAGE_TOKEN][3:]}, "bad_page_token"),
        ({PAGE_TOKEN: ""}, "bad_page_token"),
        ({PAGE_TOKEN: "pt1.é.é"}, "bad_page_token"),
        ({PAGE_TOKEN: "pt1." + "A" * 5_000 + ".A"}, "bad_page_token"),
    ]
    for changed, reason in cases:
        assert who.why(good | changed) == reason, changed
    assert who.why(good) == "", "none of these used it up"


def test_what_a_browser_may_send_beside_a_token(who: Who):
    """Cookie in place of the header, the page's query, the origin alone, no Referer at all."""
    for number, changed in enumerate(
        (
            {"cookie": f"a=b; {VISITOR_COOKIE}={VISITOR}; c=d", VISITOR_HEADER: None},
            {"referer": ORIGIN + PAGE + "?color=brown#top"},
            {"referer": ORIGIN + "/"},
            {"referer": None},
            {"cookie": f"{VISITOR_COOKIE}={VISITOR}"},
        )
    ):
        headers = {**who.page(f"pt-{number}"), **changed}
        assert who.why({name: value for name, value in headers.items() if value}) == "", changed


def test_a_page_token_of_another_key_business_or_time(who: Who):
    other = Who()
    other.tokens._key = b"q" * 32
    assert who.why(other.page()) == "bad_page_token"
    assert who.why(who.page(origin="https://other.example")) == "origin_not_allowed"
    headers = who.page(lifetime_s=30)
    who.clock.advance_us(30 * SECOND_US)
    assert who.why(headers) == "expired_page_token"
    for lifetime_s in (0, 29, 3_601):
        with pytest.raises(ValueError, match="lives"):
            who.page(lifetime_s=lifetime_s)


# Guessing

HOURS = 3


def guessed(
    who: Who, addresses: int, identifiers: tuple[str, ...] = ("shop",), every_s: int = 24
) -> list[int]:
    """When, in seconds, a guess was looked at: every address guesses again and again, for hours."""
    began_us = who.clock.monotonic_us()
    looked: list[int] = []
    verify = who.verifier.verify

    def counted(stored: str, given: str, done: object) -> None:
        looked.append((who.clock.monotonic_us() - began_us) // SECOND_US)
        verify("$argon2id$nonsense", given, done)  # type: ignore[arg-type]

    who.verifier.verify = counted  # type: ignore[method-assign,assignment]
    for turn in range(HOURS * 3_600 // every_s):
        who.clock.advance_us(every_s * SECOND_US)
        for address in range(addresses):
            peer = f"203.0.{address // 256}.{address % 256}"
            for identifier in identifiers:
                who.why(basic(identifier, f"{turn} {address}"), peer=peer)
    who.verifier.verify = verify  # type: ignore[method-assign]
    return looked


def most_in_an_hour(looked: list[int]) -> int:
    return max(sum(1 for one in looked if at <= one <= at + 3_600) for at in looked)


@pytest.mark.row("S2-31", part=True)
def test_a_thousand_addresses_guess_ten_times_an_hour_and_the_owner_gets_through():
    who = Who()
    who.issue("password", secret="right")
    assert who.why(basic("shop", "right"), peer="198.51.100.1") == ""
    looked = guessed(who, 1_000, every_s=144)
    assert most_in_an_hour(looked) == 10
    # After a rotation nothing verified is remembered, yet the owner is at an address known to be
    # good; mistyped five times, too.
    who.accounts._verified.clear()
    for guess in range(4):
        assert who.why(basic("shop", f"mistyped {guess}"), peer="198.51.100.1") == "bad_password"
    assert who.why(basic("shop", "right"), peer="198.51.100.1") == ""
    assert who.why(basic("shop", "right"), peer="203.0.113.99") == "", "verified just now"


def test_a_flood_of_other_names_and_addresses_gives_no_fresh_guesses():
    """No bucket is forgotten for another: neither the account's nor the guesser's own."""
    who = Who()
    who.issue("password", secret="right")
    who.verifier.verify = lambda stored, given, done: done(False)  # type: ignore[method-assign]
    looked = 0
    for turn in range(8):
        peer = f"203.0.113.{turn}"
        looked += [who.why(basic("shop", f"{turn} {n}"), peer=peer) for n in range(9)].count(
            "bad_password"
        )
        for flood in range(5_000):
            who.why(basic(f"name-{turn}-{flood}", "x"), peer=f"10.{turn}.{flood % 250}.1")
    assert looked == 5, "within the same instant"


def test_a_network_of_ipv6_is_one_sender(who: Who):
    names = [f"name-{number}" for number in range(60)]
    reasons = [who.why(basic(name, "x"), peer=f"2001:db8::{n:x}") for n, name in enumerate(names)]
    assert reasons.count("unknown_business") == 50
    assert who.why(basic("name", "x"), peer="2001:db8:0:1::1") == "unknown_business"


def test_one_business_pushes_out_no_other_s_known_senders(who: Who):
    for name in ("shop", "other"):
        who.issue("password", name, secret=f"of {name}")
    assert who.why(basic("shop", "of shop"), peer="198.51.100.1") == ""
    for number in range(2_000):
        who.accounts.know_source("other", f"10.0.{number // 250}.{number % 250}")
    guessed(who, 20)
    who.accounts._verified.clear()
    assert who.why(basic("shop", "of shop"), peer="198.51.100.1") == ""


def test_what_is_written_in_the_place_of_a_name_is_not_kept(who: Who):
    """Somebody types the password into the wrong field, again and again."""
    for _ in range(10):
        verdict = who.asks(basic("my secret password", ""))
        assert isinstance(verdict, Denial)
        assert verdict.business == ""


def test_an_owner_known_from_the_journal_gets_through_after_a_restart_amid_guessing():
    who = Who()
    who.issue("password", secret="right")
    message: dict[str, object] = {}
    for by, source in (("shop", "198.51.100.1"), ("page-1", "203.0.113.99")):
        who.accounts.restore(Accepted("C1", "shop", "server-72", message, by=by, source=source))
    guessed(who, 10)
    assert who.why(basic("shop", "right"), peer="203.0.113.99") == "too_many_failures"
    assert who.why(basic("shop", "right"), peer="198.51.100.1") == ""


def test_one_address_guesses_a_hundred_times_an_hour_over_all_accounts():
    who = Who()
    looked = guessed(who, 1, tuple(f"shop-{number}" for number in range(20)))
    assert most_in_an_hour(looked) == 100


def test_an_address_known_to_be_good_guesses_ten_times_an_hour_as_well():
    who = Who()
    who.issue("password", secret="right")
    assert who.why(basic("shop", "right"), peer="203.0.0.0") == ""
    assert most_in_an_hour(guessed(who, 1)) == 10


def test_a_revoked_password_makes_the_sources_that_gave_it_strangers(who: Who):
    password = who.issue("password", secret="stolen")
    assert who.why(basic("shop", "stolen"), peer="203.0.113.1") == ""
    who.registry.apply(CredentialRevoked(credential=password.identifier, at_us=1))
    reasons = [
        who.why(basic("shop", f"guess {guess}"), peer=f"203.0.113.{9 + guess}")
        for guess in range(5)
    ]
    assert reasons == ["bad_password"] * 5
    assert who.why(basic("shop", "guess"), peer="203.0.113.1") == "too_many_failures"


def test_wrong_keys_shut_nobody_out(who: Who):
    who.issue("password", secret="right")
    for number in range(500):
        assert who.why(bearer(f"cq_live_{number:012x}_{number:043d}")) == "unknown_credential"
    assert who.why(basic("shop", "right")) == ""


def test_a_denial_names_no_secret(who: Who):
    sign = who.issue("signing_key")
    verdict = who.asks(who.signs(sign) | {SIGNATURE: "v1=" + "0" * 64})
    assert verdict == Denial("bad_signature", "shop", sign.identifier)
