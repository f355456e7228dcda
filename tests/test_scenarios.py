"""Scenario files: the catalogue passes, broken expectations fail, broken files are named."""

import json
import pathlib
from collections.abc import Iterator
from xml.etree import ElementTree

import msgspec
import pytest

from simulator.scenarios import expectations
from simulator.scenarios.expectations import AnyExpectation
from simulator.scenarios.loading import catalogue, load_scenario, parse_scenario, topology_of
from simulator.scenarios.model import Scenario
from simulator.scenarios.parts import ScenarioError
from simulator.scenarios.report import page
from simulator.scenarios.running import Verdict, run_scenario
from tests.live import calleq

HERE = pathlib.Path("here.toml")
SAMPLE = (
    "abandoned-in-whisper",
    "agent-hangs-up",
    "agent-silent",
    "carrier-finds-representative",
    "completed",
    "customer-mobile",
    "mass-call",
    "no-circuit",
    "only-agent-busy",
    "stp-lost-before",
    "voice-lost-mid-announcement",
)
"""Scenarios whose expectations are broken one by one; between them they use every kind."""


def play(scenario: Scenario, **options: object) -> Verdict:
    return run_scenario(scenario, topology_of(scenario, pathlib.Path()), **options)  # type: ignore[arg-type]


def shipped(name: str) -> Scenario:
    return load_scenario(next(path for path in catalogue() if path.stem == name))


def scenario(text: str) -> Scenario:
    return parse_scenario(text, HERE)


# The catalogue.


@pytest.mark.row("S2-79", part=True)
@pytest.mark.row("S2-117", part=True)
@pytest.mark.parametrize("path", catalogue(), ids=lambda path: path.stem)
def test_every_shipped_scenario_passes(path: pathlib.Path) -> None:
    one = load_scenario(path)
    verdict = play(one)
    assert verdict.failures == ()
    assert verdict.passed
    assert one.expect, "a scenario expects something"


def test_the_catalogue_has_what_it_must_have() -> None:
    scenarios = [load_scenario(path) for path in catalogue()]
    assert len(scenarios) >= 40
    assert len({one.title for one in scenarios}) == len(scenarios)
    named = {
        state
        for one in scenarios
        for wanted in one.expect
        if isinstance(wanted, expectations.CallIs)
        for state in ((wanted.state,) if isinstance(wanted.state, str) else wanted.state)
    }
    assert named == {
        "completed",
        "customer_busy",
        "customer_no_answer",
        "customer_rejected",
        "customer_machine",
        "customer_abandoned",
        "agent_busy",
        "agent_no_answer",
        "agent_rejected",
        "agent_unavailable",
        "blocked",
        "canceled",
        "failed",
    }  # expired: no call is scheduled yet
    assert sum("S2-117" in one.rows for one in scenarios) == 3
    by_millisecond = [one for one in scenarios if one.sweep and one.sweep.step_s == 0.001]
    assert len(by_millisecond) == 3


def test_a_scenario_is_the_same_run_every_time() -> None:
    one = shipped("any-fault-mass-call")
    first, again = play(one, show=True), play(one, show=True)
    other = play(msgspec.structs.replace(one, seed=2), show=True)
    assert first.shown is not None
    assert again.shown is not None
    assert other.shown is not None
    assert first.shown.happenings == again.shown.happenings
    assert first.shown.happenings != other.shown.happenings


# Mutants: an expectation that is broken must fail.


def broken(wanted: AnyExpectation) -> Iterator[AnyExpectation]:
    """Expectations that differ from a true one in one thing, and so are false."""
    replace = msgspec.structs.replace
    match wanted:
        case expectations.CallIs():
            yield replace(wanted, state="expired")
            yield replace(wanted, cause=99)
        case expectations.LegIs(exists=False):
            yield replace(wanted, exists=True)
        case expectations.LegIs():
            yield replace(wanted, exists=False)
            yield replace(wanted, attempt=wanted.attempt + 5)
            yield replace(wanted, talk_us=1)
            yield replace(wanted, billable_s=9_999)
            yield replace(wanted, cause=99)
            yield replace(wanted, telephone="+12125550199")
            yield replace(wanted, released_by="nobody")
            yield replace(wanted, partial=True)
            if wanted.answered is not None:
                yield replace(wanted, answered=not wanted.answered)
        case expectations.RecordsAre():
            yield replace(wanted, sessions=77)
            yield replace(wanted, legs=7_777)
        case expectations.StatesAre():
            yield replace(wanted, at_least={"completed": 1_000_000})
            yield replace(wanted, exactly={"completed": 1_000_000})
            yield replace(wanted, only=("expired",))
        case expectations.Messages():
            yield replace(wanted, present=("SUS",))
            yield replace(wanted, absent=("IAM",))
            yield replace(wanted, count={"IAM": 99})
            yield replace(wanted, order=("RLC", "RLC", "POST /v1/calls"))
        case expectations.Timing():
            yield replace(wanted, at_least_s=10_000.0)
            yield replace(wanted, at_most_s=0.0)
            yield replace(wanted, earlier=wanted.later, later=wanted.earlier)
        case expectations.Happens():
            yield replace(wanted, times=99)
        case expectations.TelephoneIs():
            yield replace(wanted, rings=99)
            yield replace(wanted, answers=99)
            yield replace(wanted, shows="+12125550199")
        case expectations.Audio():
            yield replace(wanted, hears=("tone:busy",))
            if wanted.hears:
                yield replace(wanted, never=(wanted.hears[0],))
                yield replace(wanted, hears=(*wanted.hears, "music", *wanted.hears))
            if wanted.loud is not None:
                yield replace(wanted, loud=not wanted.loud)


@pytest.mark.parametrize("name", SAMPLE)
def test_breaking_any_expectation_makes_the_scenario_fail(name: str) -> None:
    one = shipped(name)
    survived = [
        mutant
        for wanted in one.expect
        for mutant in broken(wanted)
        if play(msgspec.structs.replace(one, expect=(mutant,))).passed
    ]
    assert survived == []


def test_the_mutants_break_every_kind_of_expectation() -> None:
    used = {type(wanted) for name in SAMPLE for wanted in shipped(name).expect}
    assert used == {
        expectations.CallIs,
        expectations.LegIs,
        expectations.RecordsAre,
        expectations.StatesAre,
        expectations.Messages,
        expectations.Timing,
        expectations.Happens,
        expectations.TelephoneIs,
        expectations.Audio,
    }


def test_a_sweep_that_never_comes_to_a_state_fails_and_says_at_which_value_others_failed() -> None:
    one = shipped("sweep-customer-declines")
    assert one.sweep is not None
    short = msgspec.structs.replace(one.sweep, from_s=0.1, to_s=0.103)
    verdict = play(msgspec.structs.replace(one, sweep=short))
    assert verdict.failures == ("no run of the sweep ended as customer_rejected",)
    wrong = (expectations.CallIs(state="completed"),)
    verdict = play(msgspec.structs.replace(one, sweep=short, expect=wrong))
    assert verdict.failures[0] == (
        "at 0.100000 s: expect 1 (call): call is customer_abandoned, completed was expected"
    )
    assert verdict.repeat.endswith("scenario sweep-customer-declines --at 0.100000")
    assert play(one, only_us=60_000).runs == 1


def test_an_event_that_does_not_come_and_a_step_that_cannot_be_done_fail_the_scenario() -> None:
    text = """
        title = "x"
        [telephones]
        customer = "+12125550101"
        [[steps]]
        do = "post"
        [[steps]]
        do = "hang_up"
        telephone = "customer"
        {when}
        [[expect]]
        that = "records"
    """
    waits = play(scenario(text.format(when='when = "customer rings"\nwithin_s = 5.0')))
    assert waits.failures == ("step 2 (hang_up): 'customer rings' did not happen within 5 s",)
    idle = play(scenario(text.replace("+12125550101", "+12125550100").format(when="")))
    assert idle.failures == ("step 2 (hang_up): telephone +12125550100 is on the hook",)


def test_rules_are_checked_without_being_asked_for() -> None:
    text = """
        title = "The peripheral dies and stays dead"
        limit_s = 1000.0
        [[steps]]
        do = "post"
        customer = "+12125550106"
        [[steps]]
        do = "kill"
        element = "ip-76"
        after_s = 5.0
        [[expect]]
        that = "records"
        sessions = 1
    """
    failures = " | ".join(play(scenario(text)).failures)
    assert "the network is not at rest after 1000 s" in failures
    assert "has no final state at server-72" in failures
    assert "ip-76 is dead" in failures


# Files.

GOOD = """
title = "x"
[telephones]
customer = "+12125550100"
[[steps]]
do = "post"
[[expect]]
that = "call"
state = "completed"
"""


@pytest.mark.parametrize(
    ("found", "put", "words"),
    [
        ('title = "x"', "", "title: is missing, a value is expected"),
        (
            'title = "x"',
            'title = "x"\ntitel = "y"',
            "titel: no such key is known here: name, title, about",
        ),
        (
            'customer = "+12125550100"',
            'customer = { numer = "1" }',
            "telephones.customer.numer: no",
        ),
        (
            'title = "x"',
            'title = "x"\nnetwork.talk = 3',
            "network.talk: no such key is known here: f",
        ),
        ('[[expect]]\nthat = "call"\nstate = "completed"', "", "expect: at least one [[expect]]"),
        ('[[steps]]\ndo = "post"', "", "steps: at least one [[steps]] is expected"),
        ("[[steps]]\n", "[steps]\n", "steps: at least one [[steps]] is expected"),
        ('state = "', 'final = "', "expect[0].final: no such key is known here: that, call, state"),
        ('title = "x"', "title = ", "not a TOML file"),
        ('do = "post"', 'do = "psot"', "steps[0].do: 'psot': one of post, offer, dial"),
        (
            'do = "post"',
            'do = "post"\ncustomr = "x"',
            "steps[0].customr: no such key is known here: do, at_s",
        ),
        ('do = "post"', 'do = "post"\nat_s = "soon"', "steps[0].at_s: a number expected, not text"),
        ('do = "post"', 'do = "post"\ncustomer = "him"', "steps[0].customer: 'him'"),
        ('do = "post"', 'do = "post"\nbusiness = "zzz"', "steps[0].business: 'zzz': one of abc"),
        ('do = "post"', 'do = "post"\nwhen = "him rings"', "'him' is no telephone and no call"),
        ('do = "post"', 'do = "post"\nwhen = "customer sings"', "'sings': one of rings"),
        (
            'do = "post"',
            'do = "post"\nwhen = "call rung"',
            "'rung': one of accepted, waiting_for_representative",
        ),
        ('do = "post"', 'do = "post"\nwhen = "message IAM from x"', "'x' is no element"),
        ('do = "post"', 'do = "post"\nafter_s = "sweep"', 'after_s = "sweep" and no [sweep]'),
        ('do = "post"', 'do = "kill"\nelement = "ip-77"', "steps[0].element: 'ip-77': one of"),
        ('do = "post"', 'do = "hang_up"\ntelephone = "x"', "'x' is no telephone: customer"),
        ('do = "post"', 'do = "fail_link"\nlink = "a/b"', "steps[0].link: 'a/b': one of"),
        ('do = "post"', 'do = "fault"\nkind = "bad luck"', "steps[0].kind: 'bad luck': one of"),
        ('that = "call"', 'that = "cal"', "expect[0].that: 'cal': one of call, leg"),
        ('state = "completed"', 'state = "complete"', "expect[0].state: 'complete': one of"),
        ('that = "call"', 'that = "call"\ncall = "one"', "expect[0].call: 'one': one of call"),
        ('"+12125550100"', '"+12125559999"', "'+12125559999' is no telephone"),
        ('customer = "+1', 'call = "+1', "telephones.call: the name means something else"),
        ('title = "x"', 'title = "x"\nnetwork.file = "no.toml"', "network.file:"),
        ('title = "x"', 'title = "x"\nnetwork.circuits.zz = 1', "network.circuits.zz: a trunk"),
        ('title = "x"', 'title = "x"\nnetwork.circuits.76-62 = -1', "network: trunks"),
        ("[[steps]]", "[sweep]\nfrom_s = 2\nto_s = 1\nstep_s = 1\n[[steps]]", "sweep: a step"),
    ],
)
def test_a_mistake_is_named_by_file_and_key_before_anything_runs(
    found: str, put: str, words: str
) -> None:
    assert GOOD.count(found) == 1
    with pytest.raises(ScenarioError) as raised:
        scenario(GOOD.replace(found, put))
    assert str(raised.value).startswith("here.toml: ")
    assert words in str(raised.value)


def test_steps_are_in_the_order_of_time() -> None:
    text = GOOD.replace(
        'do = "post"', 'do = "post"\nat_s = 5.0\n[[steps]]\ndo = "wait"\nat_s = 4.0'
    )
    with pytest.raises(ScenarioError, match=r"steps\[1\]\.at_s: at least 5\.0 expected"):
        scenario(text)


# The command.


def test_the_command_tells_verdicts_and_how_to_repeat_a_failure(tmp_path: pathlib.Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(GOOD.replace('"completed"', '"customer_busy"'), "utf-8")
    xml = tmp_path / "v.xml"
    done = calleq(
        *("scenario", "customer-busy", str(mine), "--junit", str(xml)),
        *("--report", str(tmp_path / "out")),
        module="simulator.cli",
    )
    assert done.returncode == 1
    assert done.stdout.endswith("1 passed, 1 failed\n")
    assert f"repeat: calleq-sim scenario {mine}" in done.stdout
    assert "call is completed, customer_busy was expected" in done.stdout
    suite = ElementTree.parse(xml).getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failure = suite.find("testcase[@name='mine']/failure")
    assert failure is not None
    assert "repeat: calleq-sim scenario" in str(failure.text)
    report = (tmp_path / "out" / "scenarios.html").read_text("utf-8")
    assert "Scenarios: 1 passed, 1 failed" in report
    assert report.index("mine</span>") < report.index("customer-busy</span>"), "failures first"
    for outside in ("http://", "https://", "<script", "@import"):
        assert outside not in report.replace("http://www.w3.org/2000/svg", "")


def test_the_report_draws_every_scenario_with_its_ladder_and_seed() -> None:
    verdicts = [play(shipped(name), show=True) for name in ("completed", "sweep-customer-declines")]
    report = page(verdicts)
    assert report.count("<svg") == 5  # two ladders, two sets of telephones, one sweep
    assert report.count("<title>Ladder of call ") == 2
    assert "Final states over the sweep" in report
    assert "Seed 1." in report
    assert report.count('tabindex="0"') == report.count("<svg")
    assert "width=device-width" in report


def test_the_command_as_json_and_its_list() -> None:
    done = calleq("scenario", "customer-busy", "--json", module="simulator.cli")
    (verdict,) = json.loads(done.stdout)
    assert (verdict["name"], verdict["passed"], verdict["seed"]) == ("customer-busy", True, 1)
    listed = calleq("scenario", "--list", "--json", module="simulator.cli")
    assert len(json.loads(listed.stdout)) == len(catalogue())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("scenario",), "give scenario files or names"),
        (("scenario", "no-such"), "no-such: neither a file nor a shipped scenario"),
        (("scenario", "no-such.toml"), "no-such.toml: cannot be read"),
        (("scenario", "completed", "--at", "1"), "--at: one scenario with a sweep"),
        (("seeds", "--n", "0"), "--n 0: 1 to"),
        (("seeds", "--workers", "0"), "--workers 0"),
        (("faults", "--state", "Sleeping"), "--state Sleeping: one of accepted"),
        (("faults", "--kind", "rain"), "--kind rain: one of link"),
    ],
)
def test_wrong_use_is_one_clear_line(options: tuple[str, ...], words: str) -> None:
    done = calleq(*options, module="simulator.cli")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
