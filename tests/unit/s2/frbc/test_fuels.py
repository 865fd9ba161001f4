"""FRBC: storages that are filled with electricity, or with something else."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from custom_components.flexmeasures.plan.plan import Plan
from custom_components.flexmeasures.plan.prices import Price
from custom_components.flexmeasures.plan.schedule import Schedule
from custom_components.flexmeasures.plan.series import Series
from custom_components.flexmeasures.s2.frbc.fuels import is_fuel_cheaper
from custom_components.flexmeasures.s2.frbc.handler import FrbcHandler
from custom_components.flexmeasures.s2.operation_modes.costs import PricesNow
from custom_components.flexmeasures.s2.operation_modes.modes import OperationModeElement
from custom_components.flexmeasures.s2.operation_modes.ranges import Range

from ..devices import (
    NOW,
    QUARTER,
    WINDOW,
    actuator,
    element,
    frbc_status,
    mode,
    number_range,
    plan,
    power,
    storage,
    tell,
)
from ..simulated import SimulatedActuator, SimulatedDevice

HOUR = timedelta(hours=1)
GAS = "NATURAL_GAS.FLOW_RATE"
# A buffer of 10 kWh from 30 to 50 °C: °C per second of a W of heat.
_HEAT = 1 / (0.5 * 3.6e6)
# Anything but 3 to 12 kW of gas, in l/s of 36 kW.
BURNER = actuator(
    mode("off", element((0, 90), (0, 0), power(0, 0), power(0, 0, GAS))),
    mode(
        "burn",
        element(
            (0, 90),
            (3000 * _HEAT, 12000 * _HEAT),
            # Its fan and its pump.
            power(30, 50),
            power(1 / 12, 1 / 3, GAS),
        ),
    ),
    actuator_id="burner",
)
PUMP = actuator(
    mode("off", element((0, 90), (0, 0), power(0, 0))),
    mode("on", element((0, 90), (0, 8000 * _HEAT), power(0, 2000))),
    actuator_id="pump",
)
HYBRID = storage((30, 50), PUMP, BURNER)
ONE_BODY = storage(
    (30, 50),
    actuator(
        mode("off", element((0, 90), (0, 0), power(0, 0))),
        *PUMP["operation_modes"][1:],
        *BURNER["operation_modes"][1:],
        actuator_id="both",
    ),
)


def started(
    body: dict[str, Any], level: float, used: float = 0.0
) -> tuple[FrbcHandler, SimulatedDevice]:
    """A handler, and its device at a level, from which so many W are used."""
    handler = FrbcHandler()
    tell(handler, "FRBC.SystemDescription", **body)
    tell(handler, "FRBC.StorageStatus", present_fill_level=level)
    if used:
        tell(
            handler,
            "FRBC.UsageForecast",
            start_time=NOW,
            elements=[
                {"duration": timedelta(days=1), "usage_rate_expected": used * _HEAT}
            ],
        )
    for each in body["actuators"]:
        tell(handler, "FRBC.ActuatorStatus", **frbc_status("off", 0.0, each["id"]))
    actuators = {
        each["id"]: SimulatedActuator(each, "off") for each in body["actuators"]
    }
    return handler, SimulatedDevice(
        actuators, level, loss=lambda _moment, _level: used * _HEAT
    )


def priced(*kilowatts: float, electricity: Sequence[float], gas: float | None) -> Plan:
    """A plan by quarters of an hour with prices per kWh."""
    return Plan(
        power=Schedule(NOW, QUARTER, kilowatts),
        consumption_price=Price("EUR", series=Series(NOW, QUARTER, tuple(electricity))),
        fuel_prices={} if gas is None else {"gas": Price("EUR", fixed=gas)},
    )


@pytest.mark.s2_rule("power.commodities")
@pytest.mark.parametrize("body", [HYBRID, ONE_BODY])
def test_what_electricity_does_not_give_is_burnt(body: dict[str, Any]) -> None:
    """Until the level is within its range again, and while it would leave it."""
    handler, device = started(body, 29.0, used=1000)
    steps = device.run(handler.instructions(plan(*[0.0] * 8), NOW), NOW, NOW + 2 * HOUR)
    levels = [level for _, level, _ in steps]
    after = [level for moment, level, _ in steps if moment > NOW + QUARTER]
    assert min(levels) == 29.0
    assert 29.95 < min(after) <= max(after) < 30.7
    # Its fan and its pump.
    assert max(watts for _, _, watts in steps) <= 50


@pytest.mark.parametrize("body", [HYBRID, ONE_BODY])
def test_nothing_burns_where_electricity_is_enough(body: dict[str, Any]) -> None:
    for level, kilowatts in ((35.0, 0.0), (29.5, 2.0)):
        handler, device = started(body, level)
        instructions = handler.instructions(plan(*[kilowatts] * 4), NOW)
        device.run(instructions, NOW, NOW + HOUR)
        assert not [
            each for each in instructions if each.body["operation_mode"] == "burn"
        ]


def test_a_target_of_the_device_counts_too() -> None:
    handler, device = started(HYBRID, 35.0)
    tell(
        handler,
        "FRBC.FillLevelTargetProfile",
        start_time=NOW + HOUR,
        elements=[{"duration": HOUR, "fill_level_range": number_range(40, 50)}],
    )
    device.run(handler.instructions(plan(*[0.0] * 8), NOW), NOW, NOW + 2 * HOUR)
    assert device.level == pytest.approx(40, abs=0.5)


@pytest.mark.parametrize(
    ("gas", "burnt"),
    [
        # 0.10 and 0.05 a kWh of heat with electricity.
        (0.08, [True, False]),
        (0.04, [True, True]),
        (0.2, [False, False]),
        (None, [False, False]),
    ],
)
def test_what_is_cheaper_holds_the_level(gas: float | None, burnt: list[bool]) -> None:
    handler, device = started(HYBRID, 40.0, used=4000)
    followed = priced(0, 0, 0, 0, electricity=(0.4, 0.4, 0.2, 0.2), gas=gas)
    instructions = handler.instructions(followed, NOW)
    levels = []
    now = NOW
    for _ in burnt:
        due = [
            each for each in instructions if now <= each.execution_time < now + HOUR / 2
        ]
        device.run(due, now, now + HOUR / 2)
        now += HOUR / 2
        levels.append(device.level)
    # 2 kWh in half an hour are 4 °C.
    fallen = [before - after for before, after in pairwise([40.0, *levels])]
    assert fallen == [
        pytest.approx(0 if is_burnt else 4, abs=0.2) for is_burnt in burnt
    ]


def test_electricity_is_planned_where_it_is_cheaper() -> None:
    handler, _ = started(HYBRID, 40.0, used=4000)
    prices = priced(electricity=(0.4,) * 4 + (0.2,) * 4, gas=0.08)
    model = handler.flex_model(WINDOW, capacity_kwh=None, prices=prices)
    # Both pumps, of which one is the burner's.
    assert model["consumption-capacity"] == [
        {
            "start": NOW.isoformat(),
            "end": (NOW + HOUR).isoformat(),
            "value": "0.0 kW",
        },
        {
            "start": (NOW + HOUR).isoformat(),
            "end": (NOW + 2 * HOUR).isoformat(),
            "value": "2.05 kW",
        },
    ]
    # In kWh of electricity.
    usage = model["soc-usage"][0]
    assert [each["value"] for each in usage] == ["0.0 kW", "1.0 kW"]
    plain = handler.flex_model(WINDOW, capacity_kwh=None)
    assert plain["consumption-capacity"] == "2050.0 W"
    # What burns says nothing of what a kWh of electricity does.
    assert plain["charging-efficiency"] == "100.0 %"


def test_without_a_plan_control_is_handed_back() -> None:
    handler, _ = started(HYBRID, 40.0)
    assert handler.idle_instructions(NOW) is None


def test_what_costs_nothing_and_what_is_not_known() -> None:
    """Heat from the sun is no electricity, and a fuel without a price is not compared."""

    def burning(fuel: str, watts: float = 0.0) -> OperationModeElement:
        return OperationModeElement(
            Range(0, 100), Range(0, 1), Range(0, watts), 0.0, {fuel: Range(0, 8)}
        )

    prices = PricesNow(0.3, {"gas": 0.1})
    sun = OperationModeElement(Range(0, 100), Range(0, 1), Range(0, 0), 0.0)
    heater = OperationModeElement(Range(0, 100), Range(0, 1), Range(0, 8000), 0.0)

    assert prices.cost(burning("oil"), 1.0) is None
    assert not is_fuel_cheaper([sun, burning("oil")], prices)
    assert is_fuel_cheaper([sun, burning("gas"), heater], prices)
