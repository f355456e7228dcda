"""Scenarios that play an SCP, a switch or a peripheral: what passes, what does not."""

import pathlib

import pytest

from simulator.scenarios.loading import catalogue, parse_scenario, topology_of
from simulator.scenarios.parts import ScenarioError
from simulator.scenarios.running import run_scenario

HERE = pathlib.Path("here.toml")
FREEPHONE = next(path for path in catalogue() if path.stem == "played-scp-answers-800")
RESOURCE = next(path for path in catalogue() if path.stem == "played-srf-serves-scp")


def failures(text: str) -> str:
    scenario = parse_scenario(text, HERE)
    return "\n".join(run_scenario(scenario, topology_of(scenario, pathlib.Path())).failures)


def changed(path: pathlib.Path, old: str, new: str) -> str:
    text = path.read_text("utf-8")
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("service_key = 800", "service_key = 801", "service_key: 800, 801 expected"),
        (
            'called_party_number = "+18005550199"',
            'called_party_number = "+18005550198"',
            "called_party_number: CalledNumber(digits='18005550199'",
        ),
        (
            'invoke = "initial_dp", service_key = 800, called_party_number = "+18005550199",'
            ' calling_party_number = "caller"',
            'invoke = "event_report_bcsm"',
            "scp-1 heard initial_dp: event_report_bcsm expected",
        ),
        ('linked = "play_announcement"', 'linked = "connect_to_resource"', "linked to"),
        ('ends = "end"', 'ends = "abort"', "heard end, abort expected"),
        ('["abc-2"] }', '["+12125550101"] }', "'abc-2 answers' did not happen"),
        ('o_disconnect" }', 'o_disconnect", leg_id = 1 }', "leg_id: LegID"),
    ],
)
def test_what_is_heard_otherwise_than_expected_is_told(old: str, new: str, told: str) -> None:
    said = failures(changed(FREEPHONE, old, new))
    assert told in said
    assert said


def test_what_is_heard_and_expected_by_no_step_fails_the_scenario() -> None:
    text = changed(
        RESOURCE, '  { invoke = "prompt_and_collect_user_information", id = "judgement",', "#"
    )
    assert "prompt_and_collect_user_information in customer was not expected" in failures(text)


def test_what_never_comes_is_not_waited_for_for_ever() -> None:
    text = changed(RESOURCE, 'invoke = "cancel", id = "stop the rest" }', 'result = "judgement" }')
    assert "expected" in failures(text)
    silent = changed(FREEPHONE, 'to = "+18005550199"', 'to = "+12125550144"')
    said = failures(silent)
    assert "scp-1 did not hear it within 60 s; in 'dialogue' lies nothing" in said


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('played = ["scp-1"]', 'played = ["scp-7"]', "network.played[0]: 'scp-7': one of "),
        ('played = ["scp-1"]', "", "steps[1].at: 'scp-1': one of none"),
        (
            'invoke = "initial_dp"',
            'invoke = "initial"',
            "steps[1].operations[0].invoke: 'initial': one of initial_dp",
        ),
        ("service_key = 800", "service = 800", "steps[1].operations[0].service: no such key"),
        ("service_key = 800", 'service_key = "800"', "service_key: '800': a whole number expected"),
        ("begins = true\n", "", "steps[1].dialogue: 'dialogue' has not been begun"),
        ('["abc-2"] }', '["nobody"] }', "a number (+…) or one of caller, abc-2 expected"),
        ('["abc-2"] }', "[] }", "steps[4].operations[2]"),
        ('"notify_and_continue"', '"notify"', "monitor_mode: 'notify': one of interrupted"),
        ('ends = "end"', 'ends = "soon"', "ends"),
        (
            '{ invoke = "connect_to_resource" }',
            '{ invoke = "connect_to_resource", result = "x" }',
            "steps[2].operations[0]: one of invoke, result, error expected",
        ),
        (
            "number_of_repetitions = 1",
            "number_of_repetitions = 999",
            "steps[2].operations[1]: playAnnouncement: 999 is out of range",
        ),
        (
            'do = "send"\nat = "scp-1"',
            'do = "send"\nat = "scp-1"\ncontext = "cs1_ssp_to_scp"',
            "steps[2].context: said with `to` alone",
        ),
        (
            'do = "send"\nat = "scp-1"',
            'do = "send"\nat = "scp-1"\nto = "ssp-62"\ncontext = "cs3"',
            "steps[2].context: 'cs3': one of cs1_assist_handoff_ssp_to_scp",
        ),
    ],
)
def test_a_mistake_is_named_before_anything_runs(old: str, new: str, told: str) -> None:
    with pytest.raises(ScenarioError) as wrong:
        parse_scenario(changed(FREEPHONE, old, new), HERE)
    assert told in str(wrong.value)
    assert str(wrong.value).startswith("here.toml: ")


def test_errors_and_results_can_be_said_and_expected() -> None:
    text = FREEPHONE.read_text("utf-8")
    cancel = """
[[steps]]
do = "send"
at = "scp-1"
operations = [{ invoke = "cancel", id = "give up", what = 77 }]

[[steps]]
do = "expect"
at = "scp-1"
operations = [{ error = "give up", code = "cancel_failed" }]

[[steps]]
do = "send"
at = "scp-1"
operations = [
  { invoke = "disconnect_forward_connection" },"""
    old = """
[[steps]]
do = "send"
at = "scp-1"
operations = [
  { invoke = "disconnect_forward_connection" },"""
    assert old in text
    assert failures(text.replace(old, cancel)) == ""
    assert "task_refused expected" in failures(
        text.replace(old, cancel.replace("cancel_failed", "task_refused"))
    )


def test_keys_that_are_pressed_reach_a_played_scp() -> None:
    text = FREEPHONE.read_text("utf-8")
    start = text.index('  { invoke = "play_announcement"')
    end = text.index('[[steps]]\ndo = "send"', start)
    asked = """  { invoke = "prompt_and_collect_user_information", collected_info = 4 },
]

[[steps]]
do = "press"
telephone = "caller"
keys = "1234"
after_s = 1.0

[[steps]]
do = "expect"
at = "scp-1"
operations = [{ result = "prompt_and_collect_user_information", response = "1234" }]

"""
    scenario = text[:start] + asked + text[end:]
    assert failures(scenario.replace('["speech", "abc-2"]', '["abc-2"]')) == ""
    assert "response" in failures(scenario.replace('response = "1234"', 'response = "1235"'))
