"""Operation modes: which can be reached, by which way, and when."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.flexmeasures.s2.messages.message import InvalidContentError
from custom_components.flexmeasures.s2.operation_modes.ranges import (
    Range,
    electric_power,
)
from custom_components.flexmeasures.s2.operation_modes.transitions import (
    ModeGraph,
    ModeState,
)

from ..devices import L1, NOW, SYMMETRIC, power, timer, transition

MINUTE = timedelta(minutes=1)
finite = st.floats(-1e6, 1e6)


def graph(
    *transitions: dict[str, Any],
    timers: tuple[dict[str, Any], ...] = (),
    **abnormal: bool,
) -> ModeGraph:
    """A device with the operation modes off, low and high, or others."""
    return ModeGraph.from_wire(
        {"off": False, "low": False, "high": False, **abnormal}, transitions, timers
    )


def hops(found: ModeGraph, mode: str, *, target: str, **state: Any) -> Any:
    """The way to a mode, as what is told after how many minutes."""
    route = found.routes(ModeState(mode, **state), NOW).get(target)
    return route and [
        ((hop.departure - NOW) / MINUTE, hop.mode, (hop.arrival - NOW) / MINUTE)
        for hop in route.hops
    ]


@pytest.mark.s2_rule("modes.linear")
@given(finite, finite, st.floats(0, 1))
def test_a_factor_leads_to_a_value_and_back(
    start: float, end: float, factor: float
) -> None:
    found = Range(start, end)
    value = found.at(factor)
    assert found.low - 1e-6 <= value <= found.high + 1e-6
    assert found.at(found.factor_of(value)) == pytest.approx(value, abs=1e-6)


@given(finite, finite, st.floats(-1e9, 1e9))
def test_a_value_out_of_range_has_a_factor_at_its_end(
    start: float, end: float, value: float
) -> None:
    found = Range(start, end)
    assert 0 <= found.factor_of(value) <= 1
    nearest = min(max(value, found.low), found.high)
    assert found.at(found.factor_of(value)) == pytest.approx(nearest, abs=1e-6)


@pytest.mark.s2_rule("power.phases", "modes.phases")
def test_the_power_of_three_phases_is_summed_up() -> None:
    phases = [power(-100, 1000, f"ELECTRIC.POWER.L{phase}") for phase in (1, 2, 3)]
    assert electric_power(phases) == (-300, 3000)


@pytest.mark.s2_rule("power.phases")
def test_symmetric_power_is_already_a_sum() -> None:
    assert electric_power([power(0, 3000), power(0, 1000, L1)]) == (0, 3000)


@pytest.mark.s2_rule("power.commodities")
def test_gas_is_no_electric_power() -> None:
    assert electric_power([power(0, 5, "NATURAL_GAS.FLOW_RATE")]) == (0, 0)


@pytest.mark.s2_rule("modes.phases")
def test_a_quantity_cannot_have_two_ranges() -> None:
    with pytest.raises(InvalidContentError):
        electric_power([power(0, 1, SYMMETRIC), power(5, 6, SYMMETRIC)])


@pytest.mark.s2_rule("modes.no_transitions")
def test_without_transitions_every_mode_follows_every_other() -> None:
    free = graph(backup=True)
    assert set(free.routes(ModeState("backup"), NOW)) == {"off", "low", "high"}
    assert set(free.routes(ModeState(), NOW)) == {"off", "low", "high"}
    assert hops(free, "off", target="high") == [(0, "high", 0)]
    assert hops(free, "off", target="off") == []


def test_with_transitions_the_present_mode_must_be_known() -> None:
    assert graph(transition("off", "low")).routes(ModeState(), NOW) == {}


@pytest.mark.s2_rule("modes.transition")
def test_a_mode_that_no_transition_leads_to_is_not_reached() -> None:
    found = graph(transition("off", "low"))
    assert hops(found, "low", target="off") is None
    assert hops(found, "off", target="high") is None


@pytest.mark.s2_rule("modes.transition")
def test_a_mode_is_reached_through_another() -> None:
    found = graph(
        transition("low", "off", duration=2 * MINUTE), transition("off", "high")
    )
    assert hops(found, "low", target="high") == [(0, "off", 2), (2, "high", 2)]


def test_two_instructions_are_never_for_the_same_moment() -> None:
    found = graph(transition("low", "off"), transition("off", "high"))
    assert hops(found, "low", target="high") == [
        (0, "off", 0),
        (1 / 60, "high", 1 / 60),
    ]


def test_the_quickest_way_is_taken() -> None:
    found = graph(
        transition("low", "high", duration=9 * MINUTE),
        transition("low", "off", duration=MINUTE),
        transition("off", "high", duration=MINUTE),
    )
    assert hops(found, "low", target="high") == [(0, "off", 1), (1, "high", 2)]


@pytest.mark.s2_rule("modes.blocked")
def test_a_timer_blocks_until_it_is_finished() -> None:
    found = graph(
        transition("off", "low", blocked_by=("rest",)),
        timers=(timer("rest", 5 * MINUTE),),
    )
    assert hops(found, "off", target="low") == [(0, "low", 0)]
    running = {"rest": NOW + 3 * MINUTE}
    assert hops(found, "off", target="low", timers=running) == [(3, "low", 3)]
    assert hops(found, "off", target="low", timers={"rest": NOW - MINUTE}) == [
        (0, "low", 0)
    ]


@pytest.mark.s2_rule("modes.started")
def test_a_timer_that_is_started_on_the_way_is_waited_for() -> None:
    found = graph(
        transition("low", "off", starts=("rest",)),
        transition("off", "high", blocked_by=("rest",)),
        timers=(timer("rest", 5 * MINUTE),),
    )
    assert hops(found, "low", target="high") == [(0, "off", 0), (5, "high", 5)]
    route = found.routes(ModeState("low"), NOW)["high"]
    assert route.departure == NOW
    assert route.timers == {"rest": NOW + 5 * MINUTE}


@pytest.mark.s2_rule("modes.duration")
def test_a_transition_is_not_interrupted() -> None:
    found = graph(transition("off", "low"))
    ready = NOW + 4 * MINUTE
    assert hops(found, "off", target="low", ready=ready) == [(4, "low", 4)]
    free = graph()
    assert hops(free, "off", target="low", ready=ready) == [(4, "low", 4)]


@pytest.mark.s2_rule("modes.abnormal_transition")
def test_abnormal_conditions_are_for_others() -> None:
    found = graph(
        transition("off", "low", abnormal=True),
        transition("off", "backup"),
        transition("backup", "high"),
        backup=True,
    )
    assert set(found.routes(ModeState("off"), NOW)) == {"off"}
    # The way back out of it is open.
    assert set(found.routes(ModeState("backup"), NOW)) == {"high"}


@pytest.mark.s2_rule("modes.references")
@pytest.mark.parametrize(
    "unknown",
    [
        transition("off", "elsewhere"),
        transition("elsewhere", "off"),
        transition("off", "low", starts=("clock",)),
        transition("off", "low", blocked_by=("clock",)),
    ],
)
def test_a_transition_refers_to_what_there_is(unknown: dict[str, Any]) -> None:
    with pytest.raises(InvalidContentError):
        graph(unknown)


def test_durations_beyond_all_calendars_are_taken_for_a_year() -> None:
    found = graph(
        transition("off", "low", starts=("run",), duration=timedelta.max),
        transition("low", "off", blocked_by=("run",)),
        timers=(timer("run", timedelta.max),),
    )
    route = found.routes(ModeState("off"), NOW)["low"]
    assert route.arrival == NOW + timedelta(days=365)


def status(mode: str, factor: float = 0.5, **more: Any) -> dict[str, Any]:
    """Write what ActuatorStatus has in every control type."""
    return {
        "active_operation_mode_id": mode,
        "operation_mode_factor": factor,
        **more,
    }


RUNNING = graph(
    transition("off", "low", starts=("run",), duration=2 * MINUTE),
    timers=(timer("run", 10 * MINUTE), timer("rest", MINUTE)),
)


@pytest.mark.s2_rule("modes.rm_decides")
def test_a_status_tells_the_mode() -> None:
    state = RUNNING.observed(ModeState(timers={"rest": NOW}), status("low"), NOW)
    assert state == ModeState("low", 0.5, {"rest": NOW})


@pytest.mark.s2_rule("modes.started")
@pytest.mark.parametrize(
    ("begun", "ready", "finished"),
    [(-1, 1, 9), (-5, None, 5), (60 * 24 * 900, 2, 10)],
)
def test_a_status_tells_a_transition(
    begun: int, ready: int | None, finished: int
) -> None:
    """Its timers began with it; and none began in the future."""
    state = RUNNING.observed(
        ModeState(),
        status(
            "low",
            previous_operation_mode_id="off",
            transition_timestamp=NOW + begun * MINUTE,
        ),
        NOW,
    )

    def minutes(moment: datetime | None) -> float | None:
        return None if moment is None else (moment - NOW) / MINUTE

    assert minutes(state.ready) == ready
    assert minutes(state.timers["run"]) == finished


@pytest.mark.s2_rule("modes.timer_status")
def test_a_timer_status_counts_until_the_timer_starts_again() -> None:
    state = RUNNING.with_timer(ModeState("off"), "run", NOW + 15 * MINUTE)
    state = RUNNING.observed(
        state,
        status("low", previous_operation_mode_id="off", transition_timestamp=NOW),
        NOW,
    )
    assert state.timers["run"] == NOW + 15 * MINUTE
    state = RUNNING.with_timer(state, "run", NOW)
    assert state.timers["run"] == NOW
    assert state.mode == "low"


@pytest.mark.s2_rule("modes.rm_decides")
def test_the_previous_mode_may_be_one_of_before() -> None:
    before = status("low", previous_operation_mode_id="gone", transition_timestamp=NOW)
    assert RUNNING.observed(ModeState(), before, NOW) == ModeState("low", 0.5)


@pytest.mark.s2_rule("modes.factor", "modes.status")
@pytest.mark.parametrize(
    "wrong",
    [
        status("elsewhere"),
        status("low", 1.5),
        status("low", -0.1),
    ],
)
def test_a_status_of_something_unknown_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidContentError):
        RUNNING.observed(ModeState(), wrong, NOW)


@pytest.mark.s2_rule("modes.status")
def test_an_unknown_timer_is_refused() -> None:
    with pytest.raises(InvalidContentError):
        RUNNING.with_timer(ModeState(), "clock", NOW)


def test_another_description_keeps_what_it_knows_too() -> None:
    timers = {"run": NOW, "gone": NOW}
    state = ModeState("low", 0.5, timers, NOW)
    assert RUNNING.taken_over(state) == ModeState("low", 0.5, {"run": NOW}, NOW)
    assert RUNNING.taken_over(ModeState("gone", 0.5, timers, NOW)) == ModeState(
        timers={"run": NOW}
    )
