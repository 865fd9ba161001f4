"""Demands, and which actuators are told to meet them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.flexmeasures.plan.plan import Plan
from custom_components.flexmeasures.plan.prices import Price
from custom_components.flexmeasures.plan.schedule import Schedule
from custom_components.flexmeasures.plan.series import Series
from custom_components.flexmeasures.plan.window import Window
from custom_components.flexmeasures.s2.ddbc.handler import DdbcHandler
from custom_components.flexmeasures.s2.handler import NotPlannableError
from custom_components.flexmeasures.s2.instructions.instruction import Instruction
from custom_components.flexmeasures.s2.messages.message import (
    InvalidContentError,
    Message,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
L1, GAS = "ELECTRIC.POWER.L1", "NATURAL_GAS.FLOW_RATE"
WINDOW = Window(NOW, HOUR, 3 * HOUR)

type Pair = tuple[float, float]


def number_range(pair: Pair) -> dict[str, float]:
    return {"start_of_range": float(pair[0]), "end_of_range": float(pair[1])}


def mode(
    mode_id: str,
    supply: Pair,
    *,
    power: Pair | None = None,
    gas: Pair | None = None,
    costs: Pair | None = None,
    abnormal: bool = False,
) -> dict[str, Any]:
    ranges = [(L1, power), (GAS, gas)]
    return {
        "Id": mode_id,
        "power_ranges": [
            {"commodity_quantity": quantity, **number_range(pair)}
            for quantity, pair in ranges
            if pair
        ],
        "supply_range": number_range(supply),
        "abnormal_condition_only": abnormal,
    } | ({"running_costs": number_range(costs)} if costs else {})


def transition(
    source: str,
    target: str,
    *,
    starts: Sequence[str] = (),
    blocked_by: Sequence[str] = (),
    duration: timedelta | None = None,
) -> dict[str, Any]:
    return {
        "id": f"{source}-{target}",
        "from": source,
        "to": target,
        "start_timers": list(starts),
        "blocking_timers": list(blocked_by),
        "abnormal_condition_only": False,
    } | ({"transition_duration": duration} if duration else {})


def actuator(
    actuator_id: str,
    *modes: dict[str, Any],
    transitions: Sequence[dict[str, Any]] = (),
    **timers: timedelta,
) -> dict[str, Any]:
    return {
        "id": actuator_id,
        "supported_commodites": ["ELECTRICITY"],
        "operation_modes": list(modes),
        "transitions": list(transitions),
        "timers": [
            {"id": timer, "duration": duration} for timer, duration in timers.items()
        ],
    }


OFF = mode("off", (0, 0), power=(0, 0))
ON = mode("on", (1500, 7000), power=(500, 2000))
PUMP = actuator("pump", OFF, ON)
BOILER = actuator(
    "boiler",
    mode("off", (0, 0), gas=(0, 0)),
    mode("burn", (3000, 20000), gas=(0.1, 0.6), power=(30, 50)),
)


def system(
    *actuators: dict[str, Any],
    present: Pair | None = None,
    valid_from: datetime = NOW,
    message_id: str = "system",
) -> Message:
    return Message(
        "DDBC.SystemDescription",
        message_id,
        {
            "valid_from": valid_from,
            "actuators": list(actuators),
            "provides_average_demand_rate_forecast": True,
        }
        | ({"present_demand_rate": number_range(present)} if present else {}),
    )


def present(*pair: float) -> Message:
    return Message(
        "DDBC.PresentDemandStatus",
        "present",
        {"present_demand_rate": number_range((pair[0], pair[-1]))},
    )


def forecast(
    *rates: float, start: datetime = NOW, duration: timedelta = HOUR
) -> Message:
    return Message(
        "DDBC.AverageDemandRateForecast",
        "forecast",
        {
            "start_time": start,
            "elements": [
                {"duration": duration, "demand_rate_expected": rate} for rate in rates
            ],
        },
    )


def status(actuator_id: str, mode_id: str, factor: float = 0.0) -> Message:
    return Message(
        "DDBC.ActuatorStatus",
        "status",
        {
            "actuator_id": actuator_id,
            "active_operation_mode_id": mode_id,
            "operation_mode_factor": factor,
        },
    )


def timer_status(actuator_id: str, timer: str, finished_at: datetime) -> Message:
    return Message(
        "DDBC.TimerStatus",
        "timer",
        {"actuator_id": actuator_id, "timer_id": timer, "finished_at": finished_at},
    )


def handler(*messages: Message) -> DdbcHandler:
    made = DdbcHandler()
    for message in messages:
        made.receive(message, NOW)
    return made


def plan(*kilowatts: float | None, resolution: timedelta = HOUR) -> Plan:
    return Plan(power=Schedule(NOW, resolution, kilowatts))


def told(
    instructions: Sequence[Instruction],
) -> list[tuple[timedelta, str, str, Any]]:
    """When, after now, which actuator is told which operation mode with what factor."""
    for instruction in instructions:
        assert instruction.message_type == "DDBC.Instruction"
        assert instruction.body["abnormal_condition"] is False
    ids = [instruction.body["id"] for instruction in instructions]
    assert len(set(ids)) == len(ids)
    return [
        (
            instruction.execution_time - NOW,
            instruction.body["actuator_id"],
            instruction.body["operation_mode_id"],
            round(instruction.body["operation_mode_factor"], 4),
        )
        for instruction in instructions
    ]


NOTHING = timedelta(0)


@pytest.mark.s2_rule("ddbc.instruction")
def test_plan_decides_which_actuator_meets_the_demand() -> None:
    made = handler(system(PUMP, BOILER), forecast(7000, 7000, 7000))
    assert told(made.instructions(plan(2, 0, 1), NOW)) == [
        (NOTHING, "pump", "on", 1),
        (NOTHING, "boiler", "off", 0),
        (HOUR, "pump", "off", 0),
        (HOUR, "boiler", "burn", pytest.approx(4000 / 17000, abs=1e-4)),
        (2 * HOUR, "pump", "on", pytest.approx(1 / 3, abs=1e-4)),
        (2 * HOUR, "boiler", "burn", pytest.approx(667 / 17000, abs=1e-3)),
    ]


def test_no_more_is_supplied_than_demanded() -> None:
    made = handler(system(PUMP, BOILER), forecast(3500))
    assert told(made.instructions(plan(2), NOW)) == [
        (NOTHING, "pump", "on", pytest.approx(2000 / 5500, abs=1e-4)),
        (NOTHING, "boiler", "off", 0),
    ]


def test_nothing_runs_without_a_demand() -> None:
    made = handler(system(PUMP, BOILER), forecast(0))
    assert told(made.instructions(plan(0.5), NOW)) == [
        (NOTHING, "pump", "off", 0),
        (NOTHING, "boiler", "off", 0),
    ]


@pytest.mark.s2_rule("ddbc.demand")
def test_demand_is_met_against_the_plan_if_it_has_to_be() -> None:
    made = handler(system(PUMP), forecast(3500))
    assert told(made.instructions(plan(0), NOW)) == [
        (NOTHING, "pump", "on", pytest.approx(2000 / 5500, abs=1e-4))
    ]


def test_all_do_what_they_can_if_that_is_not_enough() -> None:
    made = handler(system(PUMP, BOILER), forecast(50000))
    assert told(made.instructions(plan(0), NOW)) == [
        (NOTHING, "pump", "on", 1),
        (NOTHING, "boiler", "burn", 1),
    ]


def test_rounding_of_a_plan_starts_no_other_actuator() -> None:
    made = handler(system(PUMP, BOILER), forecast(7000 / 2))
    first, second = told(made.instructions(plan(1.04), NOW))
    assert first[1:3] == ("pump", "on")
    assert first[3] == pytest.approx(2000 / 5500, abs=1e-4)
    assert second[1:3] == ("boiler", "off")


def test_only_changes_are_told() -> None:
    made = handler(system(PUMP), forecast(3500, 3500, 4000))
    assert [each[0] for each in told(made.instructions(plan(1, 1, 1.1), NOW))] == [
        NOTHING,
        2 * HOUR,
    ]


@pytest.mark.s2_rule("modes.cheaper")
def test_cheapest_of_the_others_comes_first() -> None:
    made = handler(
        system(
            actuator(
                "oil",
                mode("off", (0, 0), gas=(0, 0)),
                mode("burn", (0, 9000), gas=(0, 1), costs=(0, 0.01)),
            ),
            actuator(
                "wood",
                mode("off", (0, 0), gas=(0, 0)),
                mode("burn", (0, 9000), gas=(0, 1), costs=(0, 0.005)),
            ),
            actuator("broken", mode("off", (0, 0), gas=(0, 0))),
        ),
        forecast(5000),
    )
    assert told(made.instructions(plan(0), NOW)) == [
        (NOTHING, "wood", "burn", pytest.approx(5 / 9, abs=1e-4)),
        (NOTHING, "oil", "off", 0),
        (NOTHING, "broken", "off", 0),
    ]


def test_most_efficient_electric_actuator_comes_first() -> None:
    made = handler(
        system(
            actuator("rod", OFF, mode("on", (0, 3000), power=(0, 3000))),
            PUMP,
        ),
        forecast(8000),
    )
    assert told(made.instructions(plan(3), NOW)) == [
        (NOTHING, "pump", "on", 1),
        (NOTHING, "rod", "on", pytest.approx(1 / 3, abs=1e-4)),
    ]


def test_one_actuator_may_have_a_mode_for_each_commodity() -> None:
    made = handler(
        system(
            actuator(
                "hybrid",
                OFF,
                ON,
                mode("gas", (0, 20000), gas=(0, 1), power=(0, 0)),
            )
        ),
        forecast(6000, 6000),
    )
    assert told(made.instructions(plan(1.7, 0), NOW)) == [
        (NOTHING, "hybrid", "on", pytest.approx(4500 / 5500, abs=0.02)),
        (HOUR, "hybrid", "gas", pytest.approx(0.3)),
    ]


@pytest.mark.s2_rule("instruction.normal")
def test_abnormal_modes_are_never_used() -> None:
    made = handler(
        system(
            actuator(
                "pump",
                OFF,
                ON,
                mode("boost", (0, 20000), power=(0, 5000), abnormal=True),
            )
        ),
        present(20000),
    )
    assert told(made.instructions(plan(5), NOW)) == [(NOTHING, "pump", "on", 1)]
    assert made.flex_model(WINDOW, capacity_kwh=None)["consumption-capacity"] == (
        "2000.0 W"
    )


@pytest.mark.s2_rule("ddbc.present", "message.version")
def test_present_demand_counts_now() -> None:
    made = handler(forecast(7000, 7000), system(PUMP, present=(0, 1500)))
    first, second = told(made.instructions(plan(2, 2), NOW + 30 * MINUTE))
    assert first == (30 * MINUTE, "pump", "on", 0)
    assert second == (HOUR, "pump", "on", 1)
    made.receive(present(7000), NOW)
    assert told(made.instructions(plan(2, 2), NOW)) == [(NOTHING, "pump", "on", 1)]


@pytest.mark.s2_rule("ddbc.forecast")
def test_present_demand_counts_until_another_is_expected() -> None:
    made = handler(
        forecast(1500, 7000, duration=20 * MINUTE), system(PUMP, present=(0, 1500))
    )
    # Where nothing is expected any more, it counts again.
    assert told(made.instructions(plan(2), NOW)) == [
        (NOTHING, "pump", "on", 0),
        (20 * MINUTE, "pump", "on", 1),
        (40 * MINUTE, "pump", "on", 0),
    ]
    assert told(made.instructions(plan(2), NOW + 30 * MINUTE)) == [
        (30 * MINUTE, "pump", "on", 1),
        (40 * MINUTE, "pump", "on", 0),
    ]


def test_a_newer_forecast_counts_instead_of_present_demand() -> None:
    made = handler(system(PUMP, present=(0, 1500)), forecast(7000, 7000))
    assert told(made.instructions(plan(2), NOW)) == [(NOTHING, "pump", "on", 1)]


def test_present_demand_goes_on_where_nothing_is_expected() -> None:
    made = handler(system(PUMP), present(7000), forecast(1500, start=NOW + HOUR))
    assert told(made.instructions(plan(2, 0.5, 2), NOW)) == [
        (NOTHING, "pump", "on", 1),
        (HOUR, "pump", "on", 0),
        (2 * HOUR, "pump", "on", 1),
    ]


@pytest.mark.s2_rule("ddbc.forecast")
def test_demand_may_change_within_a_slot() -> None:
    made = handler(system(PUMP), forecast(1500, 7000, duration=30 * MINUTE))
    assert told(made.instructions(plan(2), NOW)) == [
        (NOTHING, "pump", "on", 0),
        (30 * MINUTE, "pump", "on", 1),
    ]


@pytest.mark.parametrize(
    ("messages", "kilowatts", "count"),
    [
        ([system(PUMP), forecast(7000, 1500)], (2, 0.5), 2),
        ([system(PUMP), forecast(7000, 1500)], (2, None, 0.5), 1),
        ([system(PUMP), forecast(7000, 1500)], (None, 2), 0),
        ([system(PUMP), forecast(7000, 1500)], (), 0),
        ([system(PUMP), forecast(7000)], (2, 0.5), 1),
        ([system(PUMP)], (2,), 0),
        ([forecast(7000)], (2,), 0),
        ([system(), forecast(7000)], (2,), 0),
    ],
)
def test_nothing_is_told_from_where_something_is_unknown(
    messages: list[Message], kilowatts: Sequence[float | None], count: int
) -> None:
    assert len(handler(*messages).instructions(plan(*kilowatts), NOW)) == count


def test_without_a_plan_nothing_is_told() -> None:
    made = handler(system(PUMP), forecast(7000))
    assert made.instructions(Plan(), NOW) == ()
    assert made.idle_instructions(NOW) is None


STARTING = transition("off", "on", duration=10 * MINUTE)
STOPPING = transition("on", "off", starts=["rest"])
SLOW_PUMP = actuator("pump", OFF, ON, transitions=[STARTING, STOPPING], rest=HOUR)


def test_others_fill_in_while_an_actuator_starts() -> None:
    made = handler(system(SLOW_PUMP, BOILER), forecast(7000), status("pump", "off"))
    assert told(made.instructions(plan(2), NOW)) == [
        (NOTHING, "pump", "on", 1),
        (NOTHING, "boiler", "burn", pytest.approx(4 / 17, abs=1e-4)),
        (10 * MINUTE, "boiler", "off", 0),
    ]


@pytest.mark.s2_rule("modes.blocked")
def test_actuator_that_may_not_start_yet_starts_later() -> None:
    pump = actuator(
        "pump",
        OFF,
        ON,
        transitions=[transition("off", "on", blocked_by=["rest"]), STOPPING],
        rest=HOUR,
    )
    made = handler(
        system(pump, BOILER),
        forecast(7000),
        status("pump", "off"),
        timer_status("pump", "rest", NOW + 20 * MINUTE),
    )
    assert told(made.instructions(plan(2), NOW)) == [
        (NOTHING, "pump", "off", 0),
        (NOTHING, "boiler", "burn", pytest.approx(4 / 17, abs=1e-4)),
        (20 * MINUTE, "pump", "on", 1),
        (20 * MINUTE, "boiler", "off", 0),
    ]


def test_actuator_goes_through_other_modes() -> None:
    pump = actuator(
        "pump",
        OFF,
        mode("idle", (0, 0), power=(100, 200)),
        ON,
        transitions=[
            transition("off", "idle", duration=5 * MINUTE),
            transition("idle", "on"),
        ],
    )
    made = handler(system(pump), forecast(7000), status("pump", "off"))
    assert told(made.instructions(plan(2), NOW)) == [
        (NOTHING, "pump", "idle", 0),
        (5 * MINUTE, "pump", "on", 1),
    ]


def test_actuator_in_an_unknown_state_is_left_alone() -> None:
    made = handler(system(SLOW_PUMP, BOILER), forecast(7000))
    assert {each[1] for each in told(made.instructions(plan(2), NOW))} == {"boiler"}


def test_transition_goes_on_under_a_new_description() -> None:
    made = handler(
        system(SLOW_PUMP, BOILER),
        system(SLOW_PUMP, BOILER, valid_from=NOW + 5 * MINUTE, message_id="later"),
        forecast(7000),
        status("pump", "off"),
    )
    instructions = told(made.instructions(plan(2), NOW))
    assert instructions[:2] == [
        (NOTHING, "pump", "on", 1),
        (NOTHING, "boiler", "burn", pytest.approx(4 / 17, abs=1e-4)),
    ]
    assert instructions[-1] == (10 * MINUTE, "boiler", "off", 0)


@pytest.mark.s2_rule("modes.valid_from")
def test_new_description_brings_other_actuators() -> None:
    made = handler(
        system(PUMP),
        system(BOILER, valid_from=NOW + HOUR, message_id="later"),
        forecast(7000, 7000),
    )
    assert told(made.instructions(plan(2, 0), NOW)) == [
        (NOTHING, "pump", "on", 1),
        (HOUR, "boiler", "burn", pytest.approx(4 / 17, abs=1e-4)),
    ]


def test_status_may_come_before_the_description() -> None:
    made = handler(status("pump", "off"), forecast(7000), system(SLOW_PUMP))
    assert told(made.instructions(plan(2), NOW)) == [(NOTHING, "pump", "on", 1)]


def test_flex_model_is_the_demand_as_electricity() -> None:
    made = handler(system(PUMP, BOILER), forecast(7000, 14000), present(3500))
    assert made.flex_model(WINDOW, capacity_kwh=None) == {
        "soc-at-start": "0 kWh",
        "soc-min": "0 kWh",
        "soc-max": "0 kWh",
        "soc-usage": [
            [
                {
                    "start": "2026-11-22T12:00:00+00:00",
                    "end": "2026-11-22T13:00:00+00:00",
                    "value": "2000.0 W",
                },
                {
                    "start": "2026-11-22T13:00:00+00:00",
                    "end": "2026-11-22T14:00:00+00:00",
                    "value": "2000.0 W",
                },
                {
                    "start": "2026-11-22T14:00:00+00:00",
                    "end": "2026-11-22T15:00:00+00:00",
                    "value": "1045.455 W",
                },
            ]
        ],
        "charging-efficiency": "100 %",
        "storage-efficiency": "100 %",
        "consumption-capacity": "2000.0 W",
        "production-capacity": "0 W",
    }


def test_plan_of_the_flex_model_is_followed_to_the_letter() -> None:
    rod = actuator("rod", OFF, mode("on", (0, 3000), power=(0, 3000)))
    made = handler(system(rod, PUMP, BOILER), forecast(0, 1000, 5000, 8500, 12000))
    model = made.flex_model(Window(NOW, HOUR, 5 * HOUR), capacity_kwh=None)
    assert model["consumption-capacity"] == "5000.0 W"
    values = [slot["value"] for slot in model["soc-usage"][0]]
    assert values == ["0.0 W", "500.0 W", "1454.545 W", "3500.0 W", "5000.0 W"]
    kilowatts = [float(value.split()[0]) / 1000 for value in values]
    assert told(made.instructions(plan(*kilowatts), NOW)) == [
        (NOTHING, "pump", "off", 0),
        (NOTHING, "rod", "off", 0),
        (NOTHING, "boiler", "off", 0),
        (HOUR, "pump", "on", 0),
        (2 * HOUR, "pump", "on", pytest.approx(3500 / 5500, abs=1e-4)),
        (3 * HOUR, "pump", "on", 1),
        (3 * HOUR, "rod", "on", 0.5),
        (4 * HOUR, "rod", "on", 1),
        (4 * HOUR, "boiler", "burn", 0),
    ]


@pytest.mark.parametrize(
    ("messages", "key"),
    [
        ([forecast(1)], "s2_no_description"),
        ([system(), present(1)], "s2_no_consumption"),
        ([system(BOILER), present(1)], "s2_no_consumption"),
        ([system(PUMP)], "s2_no_demand"),
        ([system(PUMP), forecast(1, 1)], "s2_no_demand"),
    ],
)
def test_what_cannot_be_planned(messages: list[Message], key: str) -> None:
    with pytest.raises(NotPlannableError) as error:
        handler(*messages).flex_model(WINDOW, capacity_kwh=None)
    assert error.value.key == key


@pytest.mark.s2_rule("status.ignored", "modes.unique", "modes.references")
@pytest.mark.parametrize(
    "message",
    [
        system(PUMP, PUMP),
        system(actuator("pump", OFF, transitions=[transition("off", "on")])),
        status("stove", "off"),
        status("pump", "boost"),
        timer_status("pump", "rest", NOW),
        Message("FRBC.StorageStatus", "m", {"present_fill_level": 1.0}),
    ],
)
def test_contradictions_change_nothing(message: Message) -> None:
    made = handler(system(PUMP), forecast(7000))
    with pytest.raises(InvalidContentError):
        made.receive(message, NOW)
    assert told(made.instructions(plan(2), NOW)) == [(NOTHING, "pump", "on", 1)]


@pytest.mark.s2_rule("revoke.message_id")
def test_revoked_description_is_forgotten() -> None:
    made = handler(system(PUMP), forecast(7000))
    for object_type, object_id in (
        ("DDBC.SystemDescription", "other"),
        ("DDBC.Instruction", "system"),
    ):
        with pytest.raises(InvalidContentError):
            made.revoke(object_type, object_id, NOW)
    made.revoke("DDBC.SystemDescription", "system", NOW)
    assert made.instructions(plan(2), NOW) == []


def test_revoked_forecast_is_forgotten() -> None:
    """What there is at present counts again."""
    made = handler(system(PUMP, present=(0, 0)), forecast(7000))
    with pytest.raises(InvalidContentError):
        made.revoke("DDBC.AverageDemandRateForecast", "other", NOW)
    assert told(made.instructions(plan(2), NOW)) == [(NOTHING, "pump", "on", 1)]
    made.revoke("DDBC.AverageDemandRateForecast", "forecast", NOW)
    assert told(made.instructions(plan(2), NOW)) == [(NOTHING, "pump", "off", 0)]


RATES = st.integers(0, 20).map(lambda number: number * 500.0)
PAIRS = st.tuples(RATES, RATES)


@st.composite
def actuators(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One to three with one to three modes each, that follow each other at once."""
    return [
        actuator(
            f"a{number}",
            *(
                mode(
                    f"m{place}",
                    draw(PAIRS),
                    power=draw(st.none() | PAIRS),
                    gas=draw(st.none() | PAIRS),
                    costs=draw(st.none() | PAIRS),
                )
                for place in range(draw(st.integers(1, 3)))
            ),
        )
        for number in range(draw(st.integers(1, 3)))
    ]


@pytest.mark.s2_rule("ddbc.demand", "ddbc.supply")
@settings(deadline=None, max_examples=100)
@given(
    actuators(),
    st.lists(st.integers(0, 40).map(lambda number: number * 777.0), min_size=4),
    st.lists(st.none() | st.floats(-5, 15), min_size=1, max_size=4),
)
def test_demand_is_met_whenever_it_can_be(
    described: list[dict[str, Any]],
    rates: list[float],
    kilowatts: list[float | None],
) -> None:
    made = handler(system(*described), forecast(*rates))
    instructions = made.instructions(plan(*kilowatts), NOW)
    modes = {
        (each["id"], found["Id"]): found["supply_range"]
        for each in described
        for found in each["operation_modes"]
    }
    most = sum(
        max(max(found["supply_range"].values()) for found in each["operation_modes"])
        for each in described
    )
    known = kilowatts.index(None) if None in kilowatts else len(kilowatts)
    supplied: dict[str, float] = {}
    for number in range(known):
        for instruction in instructions:
            if instruction.execution_time == NOW + number * HOUR:
                body = instruction.body
                supply = modes[body["actuator_id"], body["operation_mode_id"]]
                factor = body["operation_mode_factor"]
                assert 0 <= factor <= 1
                supplied[body["actuator_id"]] = supply["start_of_range"] + factor * (
                    supply["end_of_range"] - supply["start_of_range"]
                )
        assert sum(supplied.values()) >= min(rates[number], most) * (1 - 1e-5) - 0.1
    assert all(NOW <= each.execution_time < NOW + known * HOUR for each in instructions)


TIMERS = ("t0", "t1")


@st.composite
def restless_actuators(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Some with transitions that take time, start timers and wait for them."""
    described = []
    for number in range(draw(st.integers(1, 2))):
        modes = [
            mode(
                f"m{place}",
                draw(PAIRS),
                power=draw(st.none() | PAIRS),
                gas=draw(st.none() | PAIRS),
                abnormal=draw(st.booleans()) and place > 0,
            )
            for place in range(draw(st.integers(1, 4)))
        ]
        pairs = [(one["Id"], other["Id"]) for one in modes for other in modes]
        transitions = [
            transition(
                source,
                target,
                starts=draw(st.lists(st.sampled_from(TIMERS), max_size=2)),
                blocked_by=draw(st.lists(st.sampled_from(TIMERS), max_size=2)),
                duration=draw(st.none() | st.integers(0, 90).map(MINUTE.__mul__)),
            )
            for source, target in draw(
                st.lists(st.sampled_from(pairs), min_size=1, unique=True)
            )
        ]
        timers = {timer: draw(st.integers(0, 90)) * MINUTE for timer in TIMERS}
        described.append(
            actuator(f"a{number}", *modes, transitions=transitions, **timers)
        )
    return described


@pytest.mark.s2_rule("modes.known", "modes.factor", "modes.transition", "modes.started")
@settings(deadline=None, max_examples=100)
@given(
    restless_actuators(),
    st.lists(RATES, min_size=4, max_size=4),
    st.lists(st.floats(0, 15), min_size=4, max_size=4),
    st.integers(0, 90),
)
def test_actuators_are_told_only_what_they_can_do(
    described: list[dict[str, Any]],
    rates: list[float],
    kilowatts: list[float],
    minutes: int,
) -> None:
    made = handler(
        system(*described),
        forecast(*rates),
        *(status(each["id"], "m0") for each in described),
        *(timer_status(each["id"], "t0", NOW + minutes * MINUTE) for each in described),
    )
    instructions = made.instructions(plan(*kilowatts), NOW)
    assert list(instructions) == sorted(
        instructions, key=lambda each: each.execution_time
    )
    for each in described:
        active, ready = "m0", NOW
        durations = {timer["id"]: timer["duration"] for timer in each["timers"]}
        finished = {"t0": NOW + minutes * MINUTE, "t1": NOW}
        abnormal = {
            found["Id"]
            for found in each["operation_modes"]
            if found["abnormal_condition_only"]
        }
        for instruction in instructions:
            if instruction.body["actuator_id"] != each["id"]:
                continue
            wanted = instruction.body["operation_mode_id"]
            moment = instruction.execution_time
            assert 0 <= instruction.body["operation_mode_factor"] <= 1
            if wanted == active:
                continue
            assert wanted not in abnormal
            (way,) = (
                found
                for found in each["transitions"]
                if (found["from"], found["to"]) == (active, wanted)
            )
            assert moment >= ready
            assert all(finished[timer] <= moment for timer in way["blocking_timers"])
            finished |= {
                timer: moment + durations[timer] for timer in way["start_timers"]
            }
            active = wanted
            ready = moment + way.get("transition_duration", NOTHING)


@pytest.mark.parametrize(
    ("gas", "watts"),
    [
        # Heat costs 0.10 and 0.05 with the pump, and 1.08 times the price of gas.
        (0.10, ["2000.0 W", "2000.0 W"]),
        (0.07, ["0.0 W", "2000.0 W"]),
        (0.03, ["0.0 W", "0.0 W"]),
        # Electricity first.
        (None, ["2000.0 W", "2000.0 W"]),
    ],
)
def test_what_is_cheaper_meets_the_demand(gas: float | None, watts: list[str]) -> None:
    made = handler(system(PUMP, BOILER), forecast(7000, 7000))
    prices = Plan(
        consumption_price=Price("EUR", series=Series(NOW, HOUR, (0.35, 0.175))),
        fuel_prices={} if gas is None else {"gas": Price("EUR", fixed=gas)},
    )
    window = Window(NOW, HOUR, 2 * HOUR)
    model = made.flex_model(window, capacity_kwh=None, prices=prices)
    assert [each["value"] for each in model["soc-usage"][0]] == watts
