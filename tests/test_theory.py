"""Erlang and Engset formulas against published and computed values, and against each other."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calleq.theory import (
    TheoryError,
    engset,
    erlang_a,
    erlang_b,
    erlang_b_load,
    erlang_b_servers,
    erlang_c,
    finite_queue,
)

ERLANG_B = [
    (1, 1.0, 0.5),
    (2, 1.0, 0.2),
    (5, 3.0, 0.110054),
    (10, 5.0, 0.018385),
    (10, 8.0, 0.121661),
    (10, 10.0, 0.214582),
    (20, 15.0, 0.045593),
    (24, 15.295, 0.010000),
    (30, 20.337, 0.009999),
    (30, 25.0, 0.052603),
    (48, 35.2, 0.007244),
    (100, 84.064, 0.010000),
    (100, 90.0, 0.026957),
    (100, 100.0, 0.075700),
    (120, 103.0, 0.010064),
    (1000, 971.2, 0.009998),
]
LOADS = [
    (5, 1.361, 1.657),
    (10, 4.461, 5.084),
    (20, 12.031, 13.182),
    (24, 15.295, 16.631),
    (30, 20.337, 21.932),
    (50, 37.901, 40.255),
    (100, 84.064, 87.972),
]
ERLANG_C = [
    (1, 0.5, 0.500000, 180.000, 0.5270, 0.5000),
    (2, 1.0, 0.333333, 60.000, 0.7017, 0.3333),
    (3, 2.0, 0.444444, 80.000, 0.6023, 0.8889),
    (5, 4.0, 0.554113, 99.740, 0.5042, 2.2165),
    (10, 8.0, 0.409180, 36.826, 0.6724, 1.6367),
    (10, 9.0, 0.668732, 120.372, 0.4016, 6.0186),
    (12, 10.0, 0.449388, 40.445, 0.6402, 2.2469),
    (14, 10.0, 0.174132, 7.836, 0.8884, 0.4353),
    (30, 25.0, 0.249893, 8.996, 0.8566, 1.2495),
    (50, 45.0, 0.363864, 13.099, 0.7912, 3.2748),
    (55, 50.0, 0.384547, 13.844, 0.7794, 3.8455),
    (100, 95.0, 0.506457, 18.232, 0.7094, 9.6227),
]
ERLANG_A = [
    (10, 10.0, 60.0, 0.423418, 0.157527, 9.452),
    (10, 12.0, 60.0, 0.601057, 0.243965, 14.638),
    (50, 45.0, 60.0, 0.190915, 0.030208, 1.812),
    (50, 50.0, 60.0, 0.390669, 0.071324, 4.279),
    (50, 60.0, 60.0, 0.753243, 0.182234, 10.934),
    (10, 9.0, 180.0, 0.41259, 0.08591, 15.464),
    (10, 12.0, 300.0, 0.82725, 0.20014, 60.042),
]


@pytest.mark.parametrize(("servers", "offered", "blocking"), ERLANG_B)
def test_erlang_b_has_its_tabulated_values(servers: int, offered: float, blocking: float):
    assert erlang_b(servers, offered) == pytest.approx(blocking, abs=6e-7)


@pytest.mark.parametrize(("servers", "at_1_percent", "at_2_percent"), LOADS)
def test_the_load_for_a_blocking_has_its_tabulated_values(
    servers: int, at_1_percent: float, at_2_percent: float
):
    assert erlang_b_load(servers, 0.01) == pytest.approx(at_1_percent, abs=6e-4)
    assert erlang_b_load(servers, 0.02) == pytest.approx(at_2_percent, abs=6e-4)
    assert erlang_b_servers(at_1_percent - 0.001, 0.01) == servers


@pytest.mark.parametrize(("servers", "offered", "waits", "asa", "level", "queue"), ERLANG_C)
def test_erlang_c_has_its_tabulated_values(
    servers: int, offered: float, waits: float, asa: float, level: float, queue: float
):
    system = erlang_c(servers, offered, holding_s=180)
    assert system.wait_probability == pytest.approx(waits, abs=6e-7)
    assert system.mean_wait_s == pytest.approx(asa, abs=6e-4)
    assert system.service_level(20) == pytest.approx(level, abs=6e-5)
    assert system.mean_queue == pytest.approx(queue, abs=6e-5)
    assert system.occupancy == offered / servers


@pytest.mark.parametrize(("servers", "offered", "patience", "waits", "left", "wait"), ERLANG_A)
def test_erlang_a_has_its_tabulated_values(
    servers: int, offered: float, patience: float, waits: float, left: float, wait: float
):
    system = erlang_a(servers, offered, holding_s=180, patience_s=patience)
    assert system.wait_probability == pytest.approx(waits, abs=6e-6)
    assert system.abandoned == pytest.approx(left, abs=6e-6)
    assert system.mean_wait_s == pytest.approx(wait, abs=6e-4)


@pytest.mark.parametrize(
    ("servers", "room", "offered", "holding", "blocking", "queue", "wait"),
    [
        (10, 20, 8.0, 1.0, 0.009107, 1.149914, None),
        (10, 15, 10.0, 1.0, 0.103517, 1.552760, 0.173206),
        (30, 40, 25.0, 180.0, 0.006961, None, 5.337),
        (1, 5, 1.0, 1.0, 1 / 6, None, None),
    ],
)
def test_a_finite_queue_has_its_tabulated_values(
    servers: int,
    room: int,
    offered: float,
    holding: float,
    blocking: float,
    queue: float | None,
    wait: float | None,
):
    system = finite_queue(servers, room, offered, holding)
    assert system.blocking == pytest.approx(blocking, abs=6e-7)
    assert queue is None or system.mean_queue == pytest.approx(queue, abs=6e-7)
    assert wait is None or system.mean_wait_s == pytest.approx(wait, abs=6e-4)


@pytest.mark.parametrize(
    ("servers", "sources", "alpha", "time", "call"),
    [(5, 10, 0.5, 0.147887, 0.106961), (10, 30, 0.3, 0.072468, 0.061908)],
)
def test_engset_has_its_tabulated_values(
    servers: int, sources: int, alpha: float, time: float, call: float
):
    system = engset(servers, sources, alpha)
    assert system.time_congestion == pytest.approx(time, abs=6e-7)
    assert system.call_congestion == pytest.approx(call, abs=6e-7)


def test_engset_is_the_binomial_distribution_when_nothing_can_be_lost():
    assert engset(4, 4, 0.25).time_congestion == pytest.approx(0.2**4)
    assert engset(4, 4, 0.25).call_congestion == 0.0
    assert engset(4, 3, 0.25).time_congestion == 0.0


def test_many_sources_are_as_good_as_infinitely_many():
    assert engset(10, 1_000_000, 5e-6).call_congestion == pytest.approx(erlang_b(10, 5.0), rel=1e-4)


loads = st.floats(0.01, 80)
groups = st.integers(1, 60)


@given(groups, loads)
def test_a_queue_without_waiting_room_loses_what_erlang_b_loses(servers: int, offered: float):
    assert math.isclose(
        finite_queue(servers, servers, offered).blocking, erlang_b(servers, offered), rel_tol=1e-9
    )


@given(st.integers(1, 40), st.floats(0.05, 0.9))
def test_endless_patience_and_endless_room_are_erlang_c(servers: int, occupancy: float):
    offered = servers * occupancy
    waits = erlang_c(servers, offered, 180.0)
    patient = erlang_a(servers, offered, 180.0, patience_s=1e12)
    assert math.isclose(patient.wait_probability, waits.wait_probability, rel_tol=1e-6)
    assert math.isclose(patient.mean_wait_s, waits.mean_wait_s, rel_tol=1e-6)
    roomy = finite_queue(servers, servers + 2_000, offered, 180.0)
    assert math.isclose(roomy.mean_wait_s, waits.mean_wait_s, rel_tol=1e-6)


@given(groups, loads)
def test_no_patience_at_all_is_erlang_b(servers: int, offered: float):
    hasty = erlang_a(servers, offered, holding_s=180.0, patience_s=1e-9)
    assert math.isclose(hasty.abandoned, erlang_b(servers, offered), rel_tol=1e-6, abs_tol=1e-12)


@given(groups, loads)
def test_a_greater_group_loses_less_and_the_load_gives_the_blocking_back(
    servers: int, offered: float
):
    lost = erlang_b(servers, offered)
    assert erlang_b(servers + 1, offered) < lost
    assert math.isclose(erlang_b_load(servers, lost), offered, rel_tol=1e-6)


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (lambda: erlang_b(0, 1.0), "0 servers"),
        (lambda: erlang_b(1, -1.0), "-1.0 erlangs"),
        (lambda: erlang_b(1, math.nan), "nan erlangs"),
        (lambda: erlang_b_load(1, 1.0), "blocking 1.0"),
        (lambda: erlang_b_servers(1.0, 0.0), "blocking 0.0"),
        (lambda: erlang_c(10, 10.0), "the queue never ends"),
        (lambda: erlang_c(10, 1.0, 0.0), "holding time of 0.0 s"),
        (lambda: erlang_a(1, 1.0, 1.0, 0.0), "patience of 0.0 s"),
        (lambda: finite_queue(2, 1, 1.0), "room for 1 calls"),
        (lambda: engset(1, 0, 1.0), "0 sources"),
    ],
)
def test_what_is_no_system_is_refused_in_words(refused, words: str):
    with pytest.raises(TheoryError, match=words):
        refused()


def test_nothing_offered_is_nothing_lost():
    assert erlang_b(3, 0.0) == 0.0
    assert finite_queue(3, 5, 0.0).mean_wait_s == 0.0
    assert erlang_a(3, 0.0, 180.0, 60.0).wait_probability == 0.0
