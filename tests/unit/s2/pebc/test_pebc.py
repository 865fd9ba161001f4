"""Power envelopes: the limits that follow from a plan."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from typing import Any

from hypothesis import assume, given, settings, strategies as st
import pytest

from custom_components.flexmeasures.plan.plan import Plan
from custom_components.flexmeasures.plan.prices import Price
from custom_components.flexmeasures.plan.schedule import Schedule
from custom_components.flexmeasures.plan.series import Series
from custom_components.flexmeasures.plan.window import Window
from custom_components.flexmeasures.s2.handler import NotPlannableError
from custom_components.flexmeasures.s2.instructions.instruction import Instruction
from custom_components.flexmeasures.s2.messages.message import (
    InvalidContentError,
    Message,
)
from custom_components.flexmeasures.s2.pebc.handler import PebcHandler

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
L1, L2, L3 = (f"ELECTRIC.POWER.L{phase}" for phase in (1, 2, 3))
SYMMETRIC = "ELECTRIC.POWER.3_PHASE_SYMMETRIC"
WINDOW = Window(NOW, HOUR, 4 * HOUR)

type Limit = tuple[str, str, float, float]


def allowed(*limits: Limit, abnormal: bool = False) -> list[dict[str, Any]]:
    return [
        {
            "commodity_quantity": quantity,
            "limit_type": f"{kind}_LIMIT",
            "range_boundary": {
                "start_of_range": float(start),
                "end_of_range": float(end),
            },
            "abnormal_condition_only": abnormal,
        }
        for quantity, kind, start, end in limits
    ]


def constraints(
    *limits: Limit,
    constraints_id: str = "limits",
    valid_from: datetime = NOW,
    consequence: str = "VANISH",
    more: Sequence[dict[str, Any]] = (),
    **fields: Any,
) -> Message:
    return Message(
        "PEBC.PowerConstraints",
        "message",
        {
            "id": constraints_id,
            "valid_from": valid_from,
            "consequence_type": consequence,
            "allowed_limit_ranges": [*allowed(*limits), *more],
        }
        | fields,
    )


PV = constraints((L1, "LOWER", 0, -4000), (L1, "UPPER", 0, 0))
CHARGER = constraints(
    (SYMMETRIC, "UPPER", 0, 0),
    (SYMMETRIC, "UPPER", 4000, 11000),
    (SYMMETRIC, "LOWER", 0, 0),
    consequence="DEFER",
)


def need(
    lower: float,
    upper: float,
    *,
    start: datetime = NOW,
    end: datetime = NOW + 4 * HOUR,
    quantity: str = SYMMETRIC,
    need_id: str = "need",
) -> Message:
    return Message(
        "PEBC.EnergyConstraint",
        "message",
        {
            "id": need_id,
            "valid_from": start,
            "valid_until": end,
            "lower_average_power": lower,
            "upper_average_power": upper,
            "commodity_quantity": quantity,
        },
    )


def forecast(*watts: float, start: datetime = NOW, quantity: str = L1) -> Message:
    return Message(
        "PowerForecast",
        "message",
        {
            "start_time": start,
            "elements": [
                {
                    "duration": HOUR,
                    "power_values": [
                        {"value_expected": value, "commodity_quantity": quantity}
                    ],
                }
                for value in watts
            ],
        },
    )


def measurement(moment: datetime, **watts: float) -> Message:
    return Message(
        "PowerMeasurement",
        "message",
        {
            "measurement_timestamp": moment,
            "values": [
                {
                    "commodity_quantity": f"ELECTRIC.POWER.{quantity}",
                    "value": value,
                }
                for quantity, value in watts.items()
            ],
        },
    )


def plan(
    *kilowatts: float | None,
    start: datetime = NOW,
    resolution: timedelta = HOUR,
    prices: Sequence[float | None] = (),
) -> Plan:
    return Plan(
        power=Schedule(start, resolution, kilowatts),
        consumption_price=Price("EUR", series=Series(start, resolution, tuple(prices)))
        if prices
        else None,
    )


def handler(*messages: Message) -> PebcHandler:
    made = PebcHandler()
    for message in messages:
        made.receive(message, NOW)
    return made


def elements(
    instruction: Instruction, quantity: str
) -> list[tuple[timedelta, float, float]]:
    """Durations with their lower and upper limits."""
    (envelope,) = (
        envelope
        for envelope in instruction.body["power_envelopes"]
        if envelope["commodity_quantity"] == quantity
    )
    return [
        (element["duration"], element["lower_limit"], element["upper_limit"])
        for element in envelope["power_envelope_elements"]
    ]


@pytest.mark.s2_rule("pebc.range_order")
def test_production_is_limited_only_below_what_is_expected() -> None:
    made = handler(PV, forecast(-3000, -3000, -3000, -2000))
    (instruction,) = made.instructions(plan(-3, -3, -1, 0), NOW)
    assert instruction.message_type == "PEBC.Instruction"
    assert instruction.execution_time == NOW
    assert instruction.body["power_constraints_id"] == "limits"
    assert instruction.body["abnormal_condition"] is False
    assert elements(instruction, L1) == [
        (2 * HOUR, -4000, 0),
        (HOUR, -1000, 0),
        (HOUR, 0, 0),
    ]


def test_forecast_is_not_taken_too_exactly() -> None:
    made = handler(PV, forecast(-3000, -3000))
    (instruction,) = made.instructions(plan(-2.9, -2.8), NOW)
    assert elements(instruction, L1) == [(HOUR, -4000, 0), (HOUR, -2800, 0)]


def test_without_a_forecast_all_may_be_produced() -> None:
    (instruction,) = handler(PV).instructions(plan(-4, -3), NOW)
    assert elements(instruction, L1) == [(HOUR, -4000, 0), (HOUR, -3000, 0)]


def test_limits_restrict_no_more_than_planned() -> None:
    """Between the ranges that are allowed, the wider limit is taken."""
    made = handler(
        constraints(
            (L1, "LOWER", -1000, -4000),
            (L1, "LOWER", 0, 0),
            (L1, "UPPER", 0, 0),
        )
    )
    (instruction,) = made.instructions(plan(-0.5, 0, -2), NOW)
    assert elements(instruction, L1) == [
        (HOUR, -1000, 0),
        (HOUR, 0, 0),
        (HOUR, -2000, 0),
    ]


@pytest.mark.s2_rule("pebc.one_envelope")
def test_phases_share_the_power() -> None:
    phases = [
        limit
        for phase in (L1, L2, L3)
        for limit in ((phase, "UPPER", 1380.0, 3680.0), (phase, "LOWER", 0.0, 0.0))
    ]
    made = handler(constraints(*phases))
    (instruction,) = made.instructions(plan(0, 6, 20), NOW)
    for phase in (L1, L2, L3):
        assert elements(instruction, phase) == [
            (HOUR, 0, 1380),  # It is not allowed to go lower.
            (HOUR, 0, 2000),
            (HOUR, 0, 3680),
        ]


def test_phases_of_different_size_share_by_what_they_can() -> None:
    made = handler(
        constraints(
            (L1, "UPPER", 0, 3000),
            (L1, "LOWER", 0, 0),
            (L2, "UPPER", 0, 1000),
            (L2, "LOWER", 0, 0),
        )
    )
    (instruction,) = made.instructions(plan(2), NOW)
    assert elements(instruction, L1) == [(HOUR, 0, 1500)]
    assert elements(instruction, L2) == [(HOUR, 0, 500)]


@pytest.mark.s2_rule("power.phases")
def test_symmetric_limit_is_that_of_all_phases() -> None:
    made = handler(CHARGER)
    (instruction,) = made.instructions(plan(6, 0, 2), NOW)
    assert elements(instruction, SYMMETRIC) == [
        (HOUR, 0, 6000),
        (HOUR, 0, 0),
        (HOUR, 0, 4000),
    ]


@pytest.mark.s2_rule("pebc.order")
def test_lower_limits_do_not_exceed_upper_ones() -> None:
    made = handler(
        constraints((L1, "UPPER", 0, 4000), (L1, "LOWER", 500, 1000)),
    )
    (instruction,) = made.instructions(plan(0, 3), NOW)
    assert elements(instruction, L1) == [(HOUR, 500, 500), (HOUR, 500, 3000)]


def test_lower_limit_gives_way_where_no_upper_limit_is_above_it() -> None:
    made = handler(
        constraints(
            (L1, "UPPER", -3000, -1000),
            (L1, "LOWER", 0, 0),
            (L1, "LOWER", -5000, -2000),
        )
    )
    (instruction,) = made.instructions(plan(0), NOW)
    assert elements(instruction, L1) == [(HOUR, -2000, -1000)]


def test_battery_is_limited_on_both_sides() -> None:
    made = handler(constraints((L1, "UPPER", 0, 5000), (L1, "LOWER", -5000, 0)))
    (instruction,) = made.instructions(plan(2, -3), NOW)
    assert elements(instruction, L1) == [(HOUR, 0, 2000), (HOUR, -3000, 0)]


@pytest.mark.parametrize(
    ("kilowatts", "hours"), [((6, None, 6), 1), ((None, 6), 0), ((), 0)]
)
def test_missing_value_ends_the_envelope(
    kilowatts: Sequence[float | None], hours: int
) -> None:
    instructions = handler(CHARGER).instructions(plan(*kilowatts), NOW)
    assert [elements(each, SYMMETRIC) for each in instructions] == [
        [(hours * HOUR, 0, 6000)]
    ][:hours]


def test_no_plan_limits_nothing() -> None:
    assert handler(CHARGER).instructions(Plan(), NOW) == []
    assert handler().instructions(plan(1), NOW) == []


def test_running_slot_counts_from_now_on() -> None:
    now = NOW + timedelta(minutes=40, microseconds=5)
    (instruction,) = handler(CHARGER).instructions(plan(6, 5), now)
    assert instruction.execution_time == NOW + timedelta(minutes=40)
    assert elements(instruction, SYMMETRIC) == [
        (timedelta(minutes=20), 0, 6000),
        (HOUR, 0, 5000),
    ]


def test_plan_may_begin_later_or_be_over() -> None:
    made = handler(CHARGER)
    (instruction,) = made.instructions(plan(6, start=NOW + HOUR), NOW)
    assert instruction.execution_time == NOW + HOUR
    assert made.instructions(plan(6), NOW + 2 * HOUR) == []


@pytest.mark.s2_rule("pebc.constraints")
def test_instruction_changes_with_the_constraints() -> None:
    made = handler(
        CHARGER,
        constraints(
            (L1, "UPPER", 0, 2000),
            (L1, "LOWER", 0, 0),
            constraints_id="evening",
            valid_from=NOW + 90 * timedelta(minutes=1),
            valid_until=NOW + 3 * HOUR,
        ),
    )
    first, second = made.instructions(plan(6, 6, 1, 1), NOW)
    assert first.body["power_constraints_id"] == "limits"
    assert elements(first, SYMMETRIC) == [(1.5 * HOUR, 0, 6000)]
    assert second.body["power_constraints_id"] == "evening"
    assert second.execution_time == NOW + 1.5 * HOUR
    assert elements(second, L1) == [(0.5 * HOUR, 0, 2000), (HOUR, 0, 1000)]


@pytest.mark.s2_rule("pebc.valid")
def test_gap_in_the_constraints_is_a_gap_in_the_envelope() -> None:
    made = handler(
        constraints(
            (L1, "UPPER", 0, 2000), (L1, "LOWER", 0, 0), valid_until=NOW + HOUR
        ),
        constraints(
            (L1, "UPPER", 0, 2000),
            (L1, "LOWER", 0, 0),
            constraints_id="later",
            valid_from=NOW + 2 * HOUR,
        ),
    )
    first, second = made.instructions(plan(1, 1, 1), NOW)
    assert elements(first, L1) == elements(second, L1) == [(HOUR, 0, 1000)]
    assert second.execution_time == NOW + 2 * HOUR


@pytest.mark.s2_rule("message.unique", "instruction.id", "pebc.elements")
def test_long_envelopes_are_told_in_parts() -> None:
    made = handler(CHARGER)
    long = plan(*[5.0, 6.0] * 200, 6.0, resolution=QUARTER)
    first, second = made.instructions(long, NOW)
    assert len(elements(first, SYMMETRIC)) == 288
    assert second.execution_time == NOW + 288 * QUARTER
    assert len(elements(second, SYMMETRIC)) == 112
    assert elements(second, SYMMETRIC)[-1] == (2 * QUARTER, 0, 6000)
    ids = {each.body["id"] for each in (first, second)} | {
        each.body["power_envelopes"][0]["id"] for each in (first, second)
    }
    assert len(ids) == 4


@pytest.mark.s2_rule("pebc.energy")
def test_limits_leave_room_for_what_may_be_needed() -> None:
    """The plan has the least, at the cheapest time; the most is allowed for there."""
    made = handler(CHARGER, need(2000, 3500))  # 8 kWh to 14 kWh
    cheap = plan(0, 8, 0, 0, prices=(0.3, 0.1, None, 0.2))
    (instruction,) = made.instructions(cheap, NOW)
    assert elements(instruction, SYMMETRIC) == [
        (HOUR, 0, 0),
        (HOUR, 0, 11000),
        (HOUR, 0, 0),
        (HOUR, 0, 4000),  # 3 kWh are missing, and 4 kW the least that is allowed
    ]


def test_without_prices_room_is_left_early() -> None:
    made = handler(CHARGER, need(2000, 6000))
    (instruction,) = made.instructions(plan(0, 8, 0, 0), NOW)
    assert elements(instruction, SYMMETRIC) == [
        (2 * HOUR, 0, 11000),
        (HOUR, 0, 4000),
        (HOUR, 0, 0),
    ]


def test_time_after_the_plan_counts_as_room() -> None:
    made = handler(CHARGER, need(0, 3000, end=NOW + 2 * HOUR))
    (instruction,) = made.instructions(plan(0), NOW)
    assert elements(instruction, SYMMETRIC) == [(HOUR, 0, 0)]


def test_nothing_is_limited_outside_of_the_time_of_a_need() -> None:
    made = handler(CHARGER, need(5000, 5000, start=NOW + HOUR, end=NOW + 2 * HOUR))
    (instruction,) = made.instructions(plan(0, 5, 0), NOW)
    assert elements(instruction, SYMMETRIC) == [
        (HOUR, 0, 11000),
        (HOUR, 0, 5000),
        (HOUR, 0, 11000),
    ]


def test_need_in_the_future_gets_its_room_in_its_time() -> None:
    made = handler(CHARGER, need(0, 5000, start=NOW + HOUR, end=NOW + 3 * HOUR))
    (instruction,) = made.instructions(plan(0, 0, 0), NOW)
    assert elements(instruction, SYMMETRIC) == [
        (HOUR, 0, 11000),
        (HOUR, 0, 10000),
        (HOUR, 0, 0),
    ]


@pytest.mark.s2_rule("pebc.energy")
def test_consumption_that_was_measured_counts() -> None:
    made = handler(CHARGER, need(4000, 4000))
    made.receive(measurement(NOW - HOUR, L1=1000), NOW)  # before the need
    made.receive(measurement(NOW, L1=4000, L2=4000, L3=2000), NOW)
    later = NOW + HOUR
    made.receive(measurement(later + HOUR), later)  # a clock that is wrong
    made.receive(measurement(NOW), later)  # too late to count
    model = made.flex_model(Window(later, HOUR, 3 * HOUR), capacity_kwh=None)
    assert model["soc-at-start"] == "10.0 kWh"
    assert model["soc-max"] == "16.0 kWh"
    assert model["soc-minima"] == [
        {"datetime": "2026-11-22T16:00:00+00:00", "value": "16.0 kWh"}
    ]
    (instruction,) = made.instructions(plan(6, 0, 0, start=later), later)
    assert elements(instruction, SYMMETRIC) == [(HOUR, 0, 6000), (2 * HOUR, 0, 0)]


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [(L1, "2.0 kWh"), (L2, "2.0 kWh"), (SYMMETRIC, "6.0 kWh")],
)
def test_measured_power_is_divided_among_phases(quantity: str, expected: str) -> None:
    made = handler(CHARGER, need(4000, 4000, quantity=quantity))
    made.receive(measurement(NOW, **{"3_PHASE_SYMMETRIC": 6000.0}), NOW)
    made.receive(measurement(NOW + HOUR), NOW + HOUR)
    model = made.flex_model(Window(NOW + HOUR, HOUR, HOUR), capacity_kwh=None)
    assert model["soc-at-start"] == expected


def test_production_is_not_counted_as_consumption() -> None:
    made = handler(CHARGER, need(4000, 4000))
    made.receive(measurement(NOW, L1=-4000), NOW)
    made.receive(measurement(NOW + HOUR, L1=0), NOW + HOUR)
    model = made.flex_model(WINDOW, capacity_kwh=None)
    assert model["soc-at-start"] == "0.0 kWh"


def test_flex_model_of_production() -> None:
    assert handler(PV).flex_model(WINDOW, capacity_kwh=None) == {
        "consumption-capacity": "0.0 W",
        "production-capacity": "4000.0 W",
    }


def test_forecast_is_what_can_be_produced() -> None:
    made = handler(PV, forecast(-3000, -5000, 100))
    model = made.flex_model(WINDOW, capacity_kwh=None)
    assert [slot["value"] for slot in model["production-capacity"]] == [
        "3000.0 W",
        "4000.0 W",
        "0.0 W",
        "4000.0 W",
    ]
    assert model["production-capacity"][0]["start"] == "2026-11-22T12:00:00+00:00"
    assert model["production-capacity"][0]["end"] == "2026-11-22T13:00:00+00:00"


@pytest.mark.s2_rule("power.commodities")
@pytest.mark.parametrize(
    ("quantity", "expected"),
    [(L2, "100.0 W"), (SYMMETRIC, "100.0 W"), ("NATURAL_GAS.FLOW_RATE", "0.0 W")],
)
def test_forecast_counts_if_it_is_of_electric_power(
    quantity: str, expected: str
) -> None:
    made = handler(PV, forecast(-100, quantity=quantity))
    model = made.flex_model(Window(NOW, HOUR, HOUR), capacity_kwh=None)
    assert [slot["value"] for slot in model["production-capacity"]] == [expected]


@pytest.mark.s2_rule("pebc.energy_least")
def test_need_is_a_store_to_be_filled() -> None:
    made = handler(CHARGER, need(2000, 3000))
    assert made.flex_model(WINDOW, capacity_kwh=None) == {
        "consumption-capacity": "11000.0 W",
        "production-capacity": "0.0 W",
        "soc-at-start": "0.0 kWh",
        "soc-min": "0 kWh",
        "soc-max": "12.0 kWh",
        "soc-minima": [{"datetime": "2026-11-22T16:00:00+00:00", "value": "8.0 kWh"}],
        "soc-maxima": [],
        "charging-efficiency": "100 %",
        "storage-efficiency": "100 %",
        "soc-usage": ["0 kW"],
        "soc-gain": ["0 kW"],
    }


def test_what_can_wait_until_after_the_window_may() -> None:
    made = handler(CHARGER, need(5000, 5000, end=NOW + 5 * HOUR))
    model = made.flex_model(WINDOW, capacity_kwh=None)
    assert model["soc-minima"] == [
        {"datetime": "2026-11-22T16:00:00+00:00", "value": "14.0 kWh"}
    ]


THREE_PHASES = constraints(
    *(
        limits
        for phase in (L1, L2, L3)
        for limits in ((phase, "UPPER", 0.0, 3680.0), (phase, "LOWER", 0.0, 0.0))
    ),
    consequence="DEFER",
)


@pytest.mark.parametrize(
    ("quantities", "expected"),
    [
        ((SYMMETRIC,), ["9.0 kWh"]),
        ((L1, L2, L3), ["3.0 kWh", "6.0 kWh", "9.0 kWh"]),
    ],
)
@pytest.mark.parametrize("described", ["symmetric", "phases"])
def test_each_phase_can_wait_for_what_it_can_have_itself(
    quantities: Sequence[str], expected: list[str], described: str
) -> None:
    constraints = CHARGER if described == "symmetric" else THREE_PHASES
    most = 11000 if described == "symmetric" else 3 * 3680
    watts = (9000 + most) / 5 / len(quantities)
    made = handler(
        constraints,
        *(
            need(watts, watts, end=NOW + 5 * HOUR, quantity=each, need_id=each)
            for each in quantities
        ),
    )
    model = made.flex_model(WINDOW, capacity_kwh=None)
    assert [each["value"] for each in model["soc-minima"]] == expected


def test_what_can_wait_can_do_so_once() -> None:
    made = handler(
        CHARGER,
        need(2000, 2000, end=NOW + 5 * HOUR),
        need(2000, 2000, end=NOW + 5 * HOUR, need_id="b"),
    )
    model = made.flex_model(WINDOW, capacity_kwh=None)
    assert [each["value"] for each in model["soc-minima"]] == ["0.0 kWh", "9.0 kWh"]


def test_needs_follow_each_other() -> None:
    made = handler(
        CHARGER,
        need(1000, 2000, end=NOW + HOUR),
        need(3000, 4000, start=NOW + 2 * HOUR, end=NOW + 3 * HOUR, need_id="b"),
        need(0, 1000, start=NOW + 2 * HOUR, end=NOW + 4 * HOUR, need_id="c"),
    )
    model = made.flex_model(WINDOW, capacity_kwh=None)
    assert model["soc-max"] == "8.0 kWh"
    assert [each["value"] for each in model["soc-minima"]] == [
        "1.0 kWh",
        "4.0 kWh",
        "4.0 kWh",
    ]
    assert model["soc-maxima"] == [
        {
            "start": "2026-11-22T12:00:00+00:00",
            "end": "2026-11-22T14:00:00+00:00",
            "value": "2.0 kWh",
        }
    ]


def test_store_of_the_user_needs_no_energy_constraint() -> None:
    assert handler(CHARGER).flex_model(WINDOW, capacity_kwh=60) == {
        "consumption-capacity": "11000.0 W",
        "production-capacity": "0.0 W",
    }


@pytest.mark.s2_rule("pebc.both_limits", "pebc.vanish")
@pytest.mark.parametrize(
    ("messages", "key"),
    [
        ([], "s2_no_description"),
        (
            [
                constraints(
                    (L1, "UPPER", 0, 1), (L1, "LOWER", 0, 0), valid_from=NOW + 5 * HOUR
                )
            ],
            "s2_no_description",
        ),
        (
            [
                constraints(
                    (L1, "UPPER", 0, 1), ("NATURAL_GAS.FLOW_RATE", "LOWER", 0, 0)
                )
            ],
            "s2_no_power_limits",
        ),
        (
            [
                constraints(
                    (L1, "UPPER", 0, 1),
                    more=allowed((L1, "LOWER", 0, 0), abnormal=True),
                )
            ],
            "s2_no_power_limits",
        ),
        (
            [constraints((L1, "UPPER", 0, 0), (L1, "LOWER", 0, 0))],
            "s2_no_power_limits",
        ),
        ([CHARGER], "s2_energy_unknown"),
        ([CHARGER, need(0, 0)], "s2_energy_unknown"),
        (
            [constraints((L1, "UPPER", 0, 1), (L1, "LOWER", 0, 0))],
            "s2_limits_only_lose",
        ),
    ],
)
def test_what_cannot_be_planned(messages: list[Message], key: str) -> None:
    with pytest.raises(NotPlannableError) as error:
        handler(*messages).flex_model(WINDOW, capacity_kwh=None)
    assert error.value.key == key


@pytest.mark.s2_rule("pebc.both_limits")
def test_without_usable_limits_nothing_is_told() -> None:
    made = handler(
        constraints((L1, "UPPER", 0, 1), ("NATURAL_GAS.FLOW_RATE", "LOWER", 0, 0))
    )
    assert made.instructions(plan(1), NOW) == []
    assert made.idle_instructions(NOW) is None


@pytest.mark.s2_rule("instruction.normal", "pebc.normal")
def test_abnormal_limits_are_never_used() -> None:
    made = handler(
        constraints(
            (L1, "UPPER", 1000, 2000),
            (L1, "LOWER", 0, 0),
            more=allowed((L1, "UPPER", 0, 9000), abnormal=True),
        )
    )
    (instruction,) = made.instructions(plan(0, 9), NOW)
    assert elements(instruction, L1) == [(HOUR, 0, 1000), (HOUR, 0, 2000)]


def test_end_of_a_plan_opens_the_limits() -> None:
    made = handler(CHARGER)
    idle = made.idle_instructions(NOW)
    assert idle
    assert elements(idle[0], SYMMETRIC) == [(24 * HOUR, 0, 11000)]
    assert handler().idle_instructions(NOW) is None


@pytest.mark.s2_rule("status.ignored", "pebc.contradiction", "pebc.energy_order")
@pytest.mark.parametrize(
    "message",
    [
        constraints((L1, "UPPER", 0, 100), (L1, "LOWER", 200, 300)),
        constraints((L1, "UPPER", 0, 0), (L1, "LOWER", 0, 0), valid_until=NOW),
        constraints(
            (L1, "UPPER", 0, 0),
            (L1, "LOWER", 0, 0),
            valid_from=NOW - 2 * HOUR,
            valid_until=NOW - HOUR,
        ),
        need(2000, 1000),
        need(1000, 1000, end=NOW),
        Message("PEBC.Instruction", "m", {}),
        need(1000, 1000, start=NOW - 2 * HOUR, end=NOW - HOUR),
        Message(
            "PowerForecast",
            "m",
            {
                "start_time": NOW,
                "elements": [
                    {"duration": timedelta(days=300), "power_values": []},
                    {"duration": timedelta(days=300), "power_values": []},
                ],
            },
        ),
    ],
)
def test_contradictions_change_nothing(message: Message) -> None:
    made = handler(CHARGER, need(2000, 3000))
    before = made.flex_model(WINDOW, capacity_kwh=None)
    with pytest.raises(InvalidContentError):
        made.receive(message, NOW)
    assert made.flex_model(WINDOW, capacity_kwh=None) == before


def test_needs_are_bounded_and_forgotten_once_over() -> None:
    made = handler(
        CHARGER, *(need(1000, 1000, need_id=f"need-{number}") for number in range(20))
    )
    another = need(1000, 1000, end=NOW + 6 * HOUR)
    with pytest.raises(InvalidContentError):
        made.receive(another, NOW)
    made.receive(another, NOW + 5 * HOUR)


@pytest.mark.s2_rule("revoke.id", "revoke.unknown", "revoke.effect")
def test_revoked_objects_are_forgotten() -> None:
    made = handler(CHARGER, need(2000, 3000))
    for object_type, object_id in (
        ("PEBC.EnergyConstraint", "limits"),
        ("PEBC.PowerConstraints", "need"),
        ("PEBC.Instruction", "limits"),
    ):
        with pytest.raises(InvalidContentError):
            made.revoke(object_type, object_id, NOW)
    made.revoke("PEBC.EnergyConstraint", "need", NOW)
    with pytest.raises(NotPlannableError, match="s2_energy_unknown"):
        made.flex_model(WINDOW, capacity_kwh=None)
    made.revoke("PEBC.PowerConstraints", "limits", NOW)
    assert made.instructions(plan(1), NOW) == []


@pytest.mark.s2_rule("pebc.replaced")
def test_constraints_of_the_same_id_replace_each_other() -> None:
    made = handler(
        constraints(
            (L1, "UPPER", 0, 500), (L1, "LOWER", 0, 0), valid_from=NOW + 2 * HOUR
        ),
        constraints((L1, "UPPER", 0, 2000), (L1, "LOWER", 0, 0)),
    )
    (instruction,) = made.instructions(plan(1, 1, 1, 1), NOW)
    assert elements(instruction, L1) == [(4 * HOUR, 0, 1000)]


def hourly_constraints() -> list[Message]:
    """Four that follow each other, each with another upper limit."""
    return [
        constraints(
            (L1, "UPPER", 0, 1000 * (hour + 1)),
            (L1, "LOWER", 0, 0),
            constraints_id=f"hour-{hour}",
            valid_from=NOW + hour * HOUR,
            valid_until=NOW + (hour + 1) * HOUR,
        )
        for hour in range(4)
    ]


@pytest.mark.s2_rule("pebc.in_a_row", "pebc.valid")
@pytest.mark.parametrize("is_reversed", [False, True])
def test_constraints_of_all_hours_hold(*, is_reversed: bool) -> None:
    messages = hourly_constraints()
    made = handler(*(messages[::-1] if is_reversed else messages))
    assert [
        (each.execution_time, each.body["power_constraints_id"], elements(each, L1))
        for each in made.instructions(plan(9, 9, 9, 9), NOW)
    ] == [
        (NOW + hour * HOUR, f"hour-{hour}", [(HOUR, 0, 1000 * (hour + 1))])
        for hour in range(4)
    ]


def test_constraints_of_all_hours_are_planned_with() -> None:
    """After them they are taken to go on."""
    made = handler(*hourly_constraints(), need(500, 500, quantity=L1))
    model = made.flex_model(Window(NOW, HOUR / 2, 5 * HOUR), capacity_kwh=None)
    assert [event["value"] for event in model["consumption-capacity"]] == [
        f"{1000.0 * hour} W" for hour in (1, 1, 2, 2, 3, 3, 4, 4, 4, 4)
    ]
    assert model["production-capacity"] == "0.0 W"


def test_forecast_of_tomorrow_takes_nothing_from_today() -> None:
    made = handler(PV, forecast(-1000, -2000), forecast(-3000, start=NOW + 2 * HOUR))
    model = made.flex_model(WINDOW, capacity_kwh=None)
    assert [event["value"] for event in model["production-capacity"]] == [
        "1000.0 W",
        "2000.0 W",
        "3000.0 W",
        "4000.0 W",
    ]


def test_nothing_of_what_was_told_is_left_once_it_is_not_planned() -> None:
    """Whether an RM forgets a former envelope, or goes back to it."""
    made = handler(CHARGER)
    (long,) = made.instructions(plan(*(30 * [6])), NOW)
    made.told(long)
    (short,) = made.instructions(plan(6, 4, start=NOW), NOW)
    assert elements(short, SYMMETRIC) == [
        (HOUR, 0, 6000),
        (HOUR, 0, 4000),
        (28 * HOUR, 0, 11000),
    ]
    (ordered,) = made.ordered_instructions(plan(5), NOW)
    assert elements(ordered, SYMMETRIC) == [(HOUR, 0, 5000)]
    made.told(ordered)
    idle = made.idle_instructions(NOW)
    assert idle
    assert elements(idle[0], SYMMETRIC) == [(30 * HOUR, 0, 11000)]


def test_other_constraints_begin_anew() -> None:
    made = handler(CHARGER)
    (told,) = made.instructions(plan(*(4 * [6])), NOW)
    made.told(told)
    assert made.knows(told)
    made.receive(
        constraints((L1, "UPPER", 0, 2000), (L1, "LOWER", 0, 0), constraints_id="b"),
        NOW,
    )
    assert not made.knows(told)
    (instruction,) = made.instructions(plan(1), NOW)
    assert elements(instruction, L1) == [(HOUR, 0, 1000)]
    made.told(instruction)
    (again,) = made.instructions(plan(1), NOW)
    assert elements(again, L1) == [(HOUR, 0, 1000)]


WATTS = st.integers(-50, 50).map(lambda number: number * 100.0)
RANGES = st.lists(st.tuples(WATTS, WATTS), min_size=1, max_size=3)
QUANTITIES = st.dictionaries(
    st.sampled_from([L1, L2, L3, SYMMETRIC]), st.tuples(RANGES, RANGES), min_size=1
)


def is_in(value: float, ranges: Sequence[tuple[float, float]]) -> bool:
    return any(min(each) <= value <= max(each) for each in ranges)


@pytest.mark.s2_rule("pebc.one_envelope", "pebc.elements", "pebc.order", "pebc.allowed")
@settings(deadline=None, max_examples=100)
@given(
    QUANTITIES,
    st.lists(st.none() | st.floats(-15, 15), max_size=40),
    st.lists(WATTS, max_size=10),
    st.none() | st.tuples(st.floats(0, 9000), st.floats(0, 9000)),
    st.integers(0, 4000),
)
def test_limits_are_always_allowed(
    quantities: dict[str, Any],
    kilowatts: list[float | None],
    expected: list[float],
    average: tuple[float, float] | None,
    seconds: int,
) -> None:
    limits = [
        (quantity, kind, start, end)
        for quantity, ranges in quantities.items()
        for kind, of_kind in zip(("LOWER", "UPPER"), ranges, strict=True)
        for start, end in of_kind
    ]
    made = handler()
    try:
        made.receive(constraints(*limits), NOW)
    except InvalidContentError:
        assume(False)
    if average:
        made.receive(need(min(average), max(average)), NOW)
    if expected:
        made.receive(forecast(*expected), NOW)
    now = NOW + timedelta(seconds=seconds)
    instructions = made.instructions(plan(*kilowatts, resolution=QUARTER), now)
    idle = made.idle_instructions(now) or ()
    running = (now - NOW) // QUARTER
    known = list(takewhile(lambda each: each is not None, kilowatts[running:]))
    end = NOW + (running + len(known)) * QUARTER
    told = end - now if known else timedelta(0)
    for quantity, (lowers, uppers) in quantities.items():
        found = [
            element
            for instruction in instructions
            for element in elements(instruction, quantity)
        ]
        assert sum((each[0] for each in found), timedelta(0)) == told
        for instruction in (*instructions, *idle):
            parts = elements(instruction, quantity)
            assert 0 < len(parts) <= 288
            for duration, lower, upper in parts:
                assert duration > timedelta(0)
                assert lower <= upper
                assert is_in(lower, lowers)
                assert is_in(upper, uppers)
            for one, other in pairwise(parts):
                assert one[1:] != other[1:]


@pytest.mark.s2_rule("pebc.energy")
@settings(deadline=None)
@given(
    st.lists(st.floats(0, 11), min_size=4, max_size=4),
    st.lists(st.none() | st.floats(-1, 1), min_size=4, max_size=4),
    st.floats(0, 11000),
)
def test_what_may_be_needed_can_be_had(
    kilowatts: list[float], prices: list[float | None], average: float
) -> None:
    made = handler(CHARGER, need(average / 2, average))
    (instruction,) = made.instructions(plan(*kilowatts, prices=prices), NOW)
    parts = elements(instruction, SYMMETRIC)
    room = sum(upper * (duration / HOUR) for duration, _, upper in parts)
    assert room >= average * 4 - 1e-3


def test_phases_measured_one_by_one_count_together() -> None:
    """Each has its last value, whatever the order in which they arrive."""
    made = handler(CHARGER, need(5000, 5000))
    for minutes, phases in (
        (0, {"L1": 1000}),
        (0, {"L2": 2000}),
        (0, {"L3": 3000}),
        (60, {"L2": 0}),
        (60, {"L1": 0}),
        # Of before what was just told.
        (30, {"L2": 2000}),
        (60, {"L3": 0}),
    ):
        moment = NOW + minutes * HOUR / 60
        made.receive(measurement(moment, **phases), max(moment, NOW))
    window = Window(NOW, HOUR, 4 * HOUR)
    model = made.flex_model(window, capacity_kwh=None)
    assert model["soc-at-start"] == "6.0 kWh"


def test_what_was_consumed_since_the_last_measurement_counts() -> None:
    """The last power holds for a quarter of an hour."""
    made = handler(CHARGER, need(0, 2000))
    made.receive(measurement(NOW, L1=8000), NOW)
    for minutes, left in ((15, 6000), (60, 6000)):
        now = NOW + minutes * HOUR / 60
        (instruction,) = made.instructions(plan(*[0] * 4), now)
        room = sum(
            upper * (duration / HOUR)
            for duration, _, upper in elements(instruction, SYMMETRIC)
        )
        # Of the 8 kWh, 2 were consumed; what is allowed is 4 kW or more.
        assert room == pytest.approx(left, abs=1)


@pytest.mark.s2_rule("pebc.energy_production")
def test_production_is_left_room_where_it_is_expected() -> None:
    made = handler(PV, forecast(-1000, -2000, -2000, 0), need(-750, 0, quantity=L1))
    (instruction,) = made.instructions(plan(0, -1, 0, 0, prices=(2, 3, 1, 9)), NOW)
    # In the last hour there is nothing to limit.
    assert elements(instruction, L1) == [
        (HOUR, -1000, 0),
        (HOUR, -2000, 0),
        (HOUR, 0, 0),
        (HOUR, -4000, 0),
    ]


def test_production_that_has_to_be_is_planned() -> None:
    made = handler(PV, need(-3000, -1500, quantity=L1))
    model = made.flex_model(Window(NOW, HOUR, 6 * HOUR), capacity_kwh=None)
    assert model == {
        "consumption-capacity": "0.0 W",
        "production-capacity": "4000.0 W",
        "soc-at-start": "24.0 kWh",
        "soc-min": "0 kWh",
        "soc-max": "24.0 kWh",
        "soc-maxima": [{"datetime": (NOW + 4 * HOUR).isoformat(), "value": "18.0 kWh"}],
        "discharging-efficiency": "100 %",
        "storage-efficiency": "100 %",
        "soc-usage": ["0 kW"],
        "soc-gain": ["0 kW"],
    }
    # What may be produced after the window need not be within it.
    model = made.flex_model(Window(NOW, HOUR, 3 * HOUR), capacity_kwh=None)
    assert model["soc-maxima"][0]["value"] == "10.0 kWh"


@pytest.mark.s2_rule("pebc.energy_production")
@pytest.mark.parametrize(
    ("prices", "third", "fourth"),
    [((), -3000, 0), ((0.1, 0.1, -0.2, -0.1), 0, -3000)],
    ids=["without prices", "where least is lost"],
)
def test_limits_leave_room_for_what_may_be_produced(
    prices: Sequence[float], third: float, fourth: float
) -> None:
    # 9 kWh, of which it expects to produce 3 in an hour.
    made = handler(PV, forecast(-3000, -3000, -3000, -3000), need(-2250, 0))
    (instruction,) = made.instructions(plan(-3, -3, 0, 0, prices=prices), NOW)
    assert elements(instruction, L1) == [
        (2 * HOUR, -4000, 0),
        (HOUR, third, 0),
        (HOUR, fourth, 0),
    ]


@pytest.mark.s2_rule("pebc.energy_production")
def test_production_that_was_measured_counts() -> None:
    made = handler(PV, need(-2250, 0))
    made.receive(measurement(NOW, L1=-3000), NOW)
    later = NOW + HOUR
    made.receive(measurement(later, L1=0), later)
    (instruction,) = made.instructions(plan(0, 0, 0, start=later), later)
    assert elements(instruction, L1) == [
        (HOUR, -4000, 0),
        (HOUR, -2000, 0),
        (HOUR, 0, 0),
    ]


def test_what_only_consumes_is_not_made_to_produce() -> None:
    (instruction,) = handler(CHARGER, need(-1000, 1000)).instructions(plan(0), NOW)
    assert [lower for _, lower, _ in elements(instruction, SYMMETRIC)] == [0]


@pytest.mark.s2_rule("pebc.energy_production")
@settings(deadline=None)
@given(
    st.lists(st.floats(-4, 0), min_size=4, max_size=4),
    st.lists(st.none() | st.floats(-1, 1), min_size=4, max_size=4),
    st.floats(-4000, 0),
)
def test_what_may_be_produced_can_be(
    kilowatts: list[float], prices: list[float | None], average: float
) -> None:
    made = handler(PV, need(average, average / 2))
    (instruction,) = made.instructions(plan(*kilowatts, prices=prices), NOW)
    parts = elements(instruction, L1)
    room = sum(-lower * (duration / HOUR) for duration, lower, _ in parts)
    assert room >= -average * 4 - 1e-3


def test_energy_is_not_rounded_to_whole_slots() -> None:
    """Any power within the limits is possible."""
    assert handler().whole_slots_kwh(0.33, WINDOW) == 0.33
