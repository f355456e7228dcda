"""Digest authentication: the examples of RFC 2617, RFC 7616, and both sides together."""

from collections.abc import Iterator

import pytest

from calleq.sip.bounds import SipError
from calleq.sip.digest import (
    Challenge,
    answer,
    parse_challenge,
    parse_credentials,
    shared_secret,
    strongest,
)
from calleq.sip.guard import NONCE_LIFE_US, Admission, Guard

URI = "sip:example.com"
BOB = ("bob", "zanzibar")
START_US = 1_700_000_000_000_000


def test_the_example_of_rfc_2617_comes_out():
    challenge = Challenge("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093")
    shown = answer(
        challenge, "Mufasa", "Circle Of Life", "GET", "/dir/index.html", cnonce="0a4f113b"
    )
    assert shown.response == "6629fae49393a05397450978507c4ef1"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616_come_out(algorithm: str, response: str):
    challenge = parse_challenge(
        'Digest realm="http-auth@example.org", qop="auth, auth-int", '
        f"algorithm={algorithm}, "
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    assert challenge is not None
    assert challenge.qop == ("auth", "auth-int")
    shown = answer(
        challenge,
        "Mufasa",
        "Circle of Life",
        "GET",
        "/dir/index.html",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert shown.response == response
    assert parse_credentials(str(shown)) == shown


def test_without_qop_the_answer_is_that_of_old():
    # RFC 2069's scheme: H(A1) ":" nonce ":" H(A2), with RFC 2617's names
    challenge = parse_challenge('Digest realm="testrealm@host.com", nonce="abc"')
    assert challenge is not None
    shown = answer(challenge, "Mufasa", "Circle Of Life", "GET", "/dir/index.html", cnonce="x")
    assert (shown.count, shown.cnonce) == (0, "")
    assert parse_credentials(str(shown)) == shown
    assert parse_credentials(f'{shown}, cnonce="y"') == shown, "a cnonce alone means nothing"
    with pytest.raises(SipError):
        parse_credentials(str(shown).replace(shown.response, "no digits"))


class Registrar:
    """A guard with one subscriber, and a telephone that answers its challenges."""

    def __init__(self, **options: int) -> None:
        self.guard = Guard("example.com", b"key of this process", self.secret, **options)
        self.now_us = START_US

    @staticmethod
    def secret(username: str, algorithm: str) -> str | None:
        if username != BOB[0]:
            return None
        return shared_secret(algorithm, username, "example.com", BOB[1])

    def challenge(self) -> Challenge:
        found = strongest(self.guard.challenges(self.now_us))
        assert found is not None
        return found

    def asks(self, challenge: Challenge, count: int = 1, user: str = "bob", word: str = "zanzibar"):
        shown = answer(challenge, user, word, "REGISTER", URI, cnonce="c", count=count)
        return self.guard.judge(str(shown), "REGISTER", URI, self.now_us).admission


@pytest.fixture
def registrar() -> Iterator[Registrar]:
    return Registrar()


def test_the_right_password_is_granted_and_sha_256_is_taken_first(registrar: Registrar):
    challenge = registrar.challenge()
    assert challenge.algorithm == "SHA-256"
    assert registrar.asks(challenge) is Admission.GRANTED
    md5 = parse_challenge(registrar.guard.challenges(registrar.now_us)[1])
    assert md5 is not None
    assert md5.algorithm == "MD5"
    assert registrar.asks(md5) is Admission.GRANTED


def test_what_was_used_once_is_stale_and_higher_counts_are_granted(registrar: Registrar):
    challenge = registrar.challenge()
    seen = [registrar.asks(challenge, count) for count in (1, 1, 3, 2, 4)]
    granted, stale = Admission.GRANTED, Admission.STALE
    assert seen == [granted, stale, granted, stale, granted]


def test_an_old_nonce_is_stale_and_the_new_challenge_says_so(registrar: Registrar):
    challenge = registrar.challenge()
    registrar.now_us += NONCE_LIFE_US
    assert registrar.asks(challenge) is Admission.STALE
    again = strongest(registrar.guard.challenges(registrar.now_us, stale=True))
    assert again is not None
    assert again.stale
    assert registrar.asks(again) is Admission.GRANTED


def test_wrong_passwords_users_and_nonces_are_wrong(registrar: Registrar):
    challenge = registrar.challenge()
    assert registrar.asks(challenge, word="guess") is Admission.WRONG
    assert registrar.asks(challenge, user="mallory", word="") is Admission.WRONG
    forged = Challenge("example.com", challenge.nonce[:-4] + "AAAA", "SHA-256")
    assert registrar.asks(forged) is Admission.WRONG
    assert registrar.asks(Challenge("example.com", "&", "SHA-256")) is Admission.WRONG
    assert registrar.asks(challenge) is Admission.GRANTED, "guessing locks nobody else out"


@pytest.mark.parametrize(
    "line",
    [
        None,
        "NoOneKnowsThisScheme opaque-data=here",  # RFC 4475 §3.3.7: challenged
        "Digest",
        'Digest username="bob"',
        'Digest username="bob", realm="example.com", nonce="x", uri="sip:example.com", response=a',
        'Digest username="bob", username="bob"',
    ],
)
def test_what_is_no_credential_is_asked_for(registrar: Registrar, line: str | None):
    verdict = registrar.guard.judge(line, "REGISTER", URI, registrar.now_us)
    assert verdict.admission is Admission.MISSING


def test_a_nonce_count_of_zero_is_refused_and_not_taken_for_the_way_of_old(registrar: Registrar):
    shown = str(answer(registrar.challenge(), *BOB, "REGISTER", URI, cnonce="c", count=1))
    with pytest.raises(SipError):
        parse_credentials(shown.replace("nc=00000001", "nc=00000000"))


def test_credentials_are_of_one_request_and_one_realm(registrar: Registrar):
    challenge = registrar.challenge()
    shown = str(answer(challenge, *BOB, "REGISTER", URI, cnonce="c"))
    judge = registrar.guard.judge
    missing, wrong = Admission.MISSING, Admission.WRONG
    assert judge(shown, "REGISTER", "sip:other.com", registrar.now_us).admission is missing
    assert judge(shown, "INVITE", URI, registrar.now_us).admission is wrong
    other = Challenge("other.com", challenge.nonce, "SHA-256")
    assert registrar.asks(other) is missing


def test_used_nonces_are_bounded_and_what_is_dropped_cannot_be_played_again():
    registrar = Registrar(nonces_limit=3)
    challenges = []
    for _ in range(4):
        registrar.now_us += 1
        challenges.append(registrar.challenge())
    assert [registrar.asks(one) for one in challenges] == [Admission.GRANTED] * 4
    assert registrar.asks(challenges[0]) is Admission.STALE
    assert registrar.asks(challenges[0], 2) is Admission.STALE
    assert registrar.asks(challenges[1], 2) is Admission.GRANTED


def test_challenges_that_cannot_be_answered_are_passed_over():
    assert strongest(['Basic realm="x"', 'Digest realm="x", nonce="y", algorithm=TOKEN']) is None
    assert strongest(['Digest realm="x", nonce="y", qop="auth-int"']) is None
    with pytest.raises(SipError):
        parse_challenge('Digest realm="x"')
