"""No numbers that a message may have are a defect, however far from anything real."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest

from custom_components.flexmeasures.s2.ddbc.handler import DdbcHandler
from custom_components.flexmeasures.s2.frbc.handler import FrbcHandler
from custom_components.flexmeasures.s2.frbc.storage import Leakage
from custom_components.flexmeasures.s2.handler import (
    ControlTypeHandler,
    NotPlannableError,
)
from custom_components.flexmeasures.s2.messages.message import InvalidContentError
from custom_components.flexmeasures.s2.ombc.handler import OmbcHandler
from custom_components.flexmeasures.s2.pebc.handler import PebcHandler

from .devices import (
    L1,
    NOW,
    SYMMETRIC,
    WINDOW,
    actuator,
    element,
    frbc_status,
    message,
    mode,
    number_range,
    plan,
    power,
    storage,
)

HOUR = timedelta(hours=1)


class Extremes(Random):
    """Gives numbers and ranges at the ends of what floats can be."""

    def number(self) -> float:
        """Any number."""
        bases = (0.0, 1.0, 1e-300, 1e-12, 1e9, 1e15, 1e300, -1e9, 5e-324, 0.3, 50.0)
        return self.choice(bases) * self.choice((1, 1 + 1e-12, 2, 0.5, -1))

    def range(self) -> tuple[float, float]:
        """Any range, also one that is far away and narrow."""
        start = self.number()
        ends = (start, self.number(), start * (1 + 2e-16), start + 1e-9, start + 1)
        return start, self.choice(ends)

    def watts(self) -> tuple[float, float]:
        """A range of powers that are plausible."""
        start = self.choice((0.0, 1000.0, -1000.0, 1e6, 1e-9, 5e-324))
        return start, self.choice((start, start + 1e-9, 0.0, 1e6, -1e6, 5e-324))


def frbc(some: Extremes) -> FrbcHandler:
    handler = FrbcHandler()
    levels = some.range()
    modes = [
        mode(
            f"mode-{number}",
            element(
                some.choice((levels, some.range())), some.range(), power(*some.watts())
            ),
        )
        for number in range(some.randint(1, 3))
    ]
    for message_type, body in (
        ("SystemDescription", storage(levels, actuator(*modes), at=NOW)),
        (
            "LeakageBehaviour",
            {
                "valid_from": NOW,
                "elements": [
                    {
                        "fill_level_range": number_range(*some.range()),
                        "leakage_rate": some.number(),
                    }
                    for _ in range(some.randint(1, 2))
                ],
            },
        ),
        ("StorageStatus", {"present_fill_level": some.choice((levels[0], 50.0))}),
        ("ActuatorStatus", frbc_status("mode-0", some.random())),
        (
            "UsageForecast",
            {
                "start_time": NOW,
                "elements": [{"duration": HOUR, "usage_rate_expected": some.number()}],
            },
        ),
    ):
        receive(handler, f"FRBC.{message_type}", **body)
    return handler


def ombc(some: Extremes) -> OmbcHandler:
    handler = OmbcHandler()
    receive(
        handler,
        "OMBC.SystemDescription",
        valid_from=NOW,
        operation_modes=[
            {
                "id": f"mode-{number}",
                "power_ranges": [power(*some.watts())],
                "running_costs": number_range(*some.range()),
                "abnormal_condition_only": False,
            }
            for number in range(some.randint(1, 3))
        ],
        transitions=[],
        timers=[],
    )
    return handler


def ddbc(some: Extremes) -> DdbcHandler:
    handler = DdbcHandler()
    receive(
        handler,
        "DDBC.SystemDescription",
        valid_from=NOW,
        present_demand_rate=number_range(*some.range()),
        actuators=[
            {
                "id": "actuator",
                "operation_modes": [
                    {
                        "Id": f"mode-{number}",
                        "power_ranges": [power(*some.watts())],
                        "supply_range": number_range(*some.range()),
                        "abnormal_condition_only": False,
                    }
                    for number in range(2)
                ],
                "transitions": [],
                "timers": [],
            }
        ],
    )
    return handler


def pebc(some: Extremes) -> PebcHandler:
    handler = PebcHandler()
    receive(
        handler,
        "PEBC.PowerConstraints",
        id="limits",
        valid_from=NOW,
        consequence_type="DEFER",
        allowed_limit_ranges=[
            {
                "commodity_quantity": quantity,
                "limit_type": f"{kind}_LIMIT",
                "range_boundary": number_range(*some.watts()),
                "abnormal_condition_only": False,
            }
            for quantity in some.sample([SYMMETRIC, L1], some.randint(1, 2))
            for kind in ("UPPER", "LOWER")
        ],
    )
    average = some.watts()[0]
    receive(
        handler,
        "PEBC.EnergyConstraint",
        id="need",
        valid_from=NOW,
        valid_until=NOW + some.choice((timedelta.resolution, HOUR)),
        upper_average_power=average,
        lower_average_power=average,
        commodity_quantity=SYMMETRIC,
    )
    return handler


def receive(handler: ControlTypeHandler, message_type: str, **body: object) -> None:
    """Take a message in, unless it contradicts itself."""
    with suppress(InvalidContentError):
        handler.receive(message(message_type, **body), NOW)


@pytest.mark.parametrize("make", [frbc, ombc, ddbc, pebc])
def test_odd_numbers(make: Callable[[Extremes], ControlTypeHandler]) -> None:
    some = Extremes(16)
    for _ in range(200):
        handler = make(some)
        with suppress(NotPlannableError):
            handler.flex_model(WINDOW, capacity_kwh=some.choice((None, 10.0)))
        handler.instructions(plan(0, 1, -1, 1e-300, 1000), NOW)
        handler.idle_instructions(NOW)
        handler.status(NOW, capacity_kwh=None)


def test_leakage_of_levels_that_are_far_away_and_narrow() -> None:
    leakage = Leakage.from_wire(
        {"fill_level_range": number_range(start, start + 1e-3), "leakage_rate": rate}
        for start, rate in ((1e9, 1.0), (1e9 + 1e-3, 3.0))
    )
    constant, slope = leakage.line(1e9)
    assert constant + slope * 1e-3 == pytest.approx(2.0, rel=1e-3)
