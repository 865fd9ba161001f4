"""What a user orders is followed whatever becomes of the plan, and no longer than ordered."""

from collections.abc import Callable
from typing import Any

import pytest

from .fake_server import BATTERY_POWER
from .home import HOUR, MINUTE, NOW, Home, Json
from .s2.devices import L1, number_range
from .s2_rm import FRBC, OMBC, PEBC, FakeRM, paired
from .test_s2_control import SECOND, choose, go_to, ombc, received, told

LIMITS = "PEBC.Instruction"


@pytest.fixture
async def rm(new_rm: Callable[..., FakeRM]) -> FakeRM:
    """The battery's RM, not connected yet."""
    return new_rm()


async def limited(rm: FakeRM, **constraints: Any) -> None:
    """Connect a charger that can be limited, and does not say what it needs."""
    await rm.start(PEBC, instruction_processing_delay=0)
    await choose(rm, PEBC)
    await rm.tell(
        "PEBC.PowerConstraints",
        id="limits",
        valid_from=NOW,
        consequence_type="DEFER",
        allowed_limit_ranges=[
            {
                "commodity_quantity": L1,
                "limit_type": limit_type,
                "range_boundary": number_range(*boundary),
                "abnormal_condition_only": False,
            }
            for limit_type, boundary in (
                ("UPPER_LIMIT", (0, 3680)),
                ("LOWER_LIMIT", (0, 0)),
            )
        ],
        **constraints,
    )
    await go_to(rm, NOW + 10 * SECOND)


def limits(instruction: Json) -> list[tuple[float, float]]:
    """The minutes and upper limits of its envelope."""
    (envelope,) = instruction["power_envelopes"]
    return [
        (round(part["duration"] / 60_000, 2), part["upper_limit"])
        for part in envelope["power_envelope_elements"]
    ]


async def test_override_without_a_plan(home: Home, rm: FakeRM) -> None:
    """It needs none, and the limit ends with it, also if nobody is there to end it."""
    await home.set_up(paired(automatic_scheduling=True))
    await limited(rm)
    assert home.value("sensor", "scheduling_status") == "s2_energy_unknown"
    await home.override(power=1.5, duration="00:05:00")
    await go_to(rm, NOW + 20 * SECOND)
    ((minutes, upper),) = limits(received(rm, LIMITS)[-1])
    assert upper == 1500
    assert 4.5 < minutes <= 5


async def test_need_that_begins_later(home: Home, rm: FakeRM) -> None:
    """The override holds also while the device needs nothing by itself."""
    await home.set_up(paired(automatic_scheduling=True))
    await limited(rm)
    await rm.tell(
        "PEBC.EnergyConstraint",
        id="need",
        valid_from=NOW + HOUR,
        valid_until=NOW + 4 * HOUR,
        upper_average_power=1000,
        lower_average_power=1000,
        commodity_quantity=L1,
    )
    await home.override(power=1.5, duration="00:05:00")
    await go_to(rm, NOW + 25 * SECOND)
    assert [upper for _, upper in limits(received(rm, LIMITS)[-1])] == [1500]


async def test_the_plan_goes_on(home: Home, rm: FakeRM) -> None:
    home.has_planned(*(8 * [1.0]))
    await home.set_up(paired(capacity=10))
    await limited(rm)
    (planned,) = received(rm, LIMITS)
    assert [upper for _, upper in limits(planned)] == [1000]
    await home.override(power=2, duration="00:05:00")
    await go_to(rm, NOW + 20 * SECOND)
    ((minutes, upper),) = limits(received(rm, LIMITS)[-1])
    assert (upper, minutes <= 5) == (2000, True)
    await go_to(rm, NOW + 6 * MINUTE)
    await go_to(rm, NOW + 6 * MINUTE + 2 * SECOND)
    ((minutes, upper),) = limits(received(rm, LIMITS)[-1])
    assert upper == 1000
    assert minutes > 60


async def test_nothing_of_a_longer_plan_remains(home: Home, rm: FakeRM) -> None:
    """Also where an RM goes back to a former envelope when the last one is over."""
    home.has_planned(*(8 * [1.0]))
    await home.set_up(paired(capacity=10))
    await limited(rm)
    home.has_planned(2.0, 2.0)
    await home.entry.runtime_data.coordinators[str(BATTERY_POWER)].async_refresh()
    await go_to(rm, NOW + 20 * SECOND)
    first, second = map(limits, received(rm, LIMITS))
    assert [upper for _, upper in second] == [2000, 3680]
    assert sum(minutes for minutes, _ in second) == pytest.approx(
        sum(minutes for minutes, _ in first), abs=0.5
    )


async def test_override_of_a_device_without_a_target(home: Home, rm: FakeRM) -> None:
    """It cannot be planned, but told what to do."""
    await home.set_up(paired(automatic_scheduling=True))
    await rm.start(OMBC, instruction_processing_delay=0)
    await choose(rm, OMBC)
    await rm.tell("OMBC.SystemDescription", **ombc())
    await rm.tell(
        "OMBC.Status", active_operation_mode_id="off", operation_mode_factor=0
    )
    await go_to(rm, NOW + 6 * SECOND)
    assert home.value("sensor", "scheduling_status") == "s2_target_required"
    await home.override(power=2, duration="01:00:00")
    await go_to(rm, NOW + 20 * SECOND)
    (instruction,) = received(rm, "OMBC.Instruction")
    assert instruction["operation_mode_id"] == "on"


async def test_mode_device_that_has_told_nothing_yet(home: Home, rm: FakeRM) -> None:
    """What it cannot be told yet, it is told once that is known."""
    await home.set_up(paired())
    await rm.start(FRBC, instruction_processing_delay=0)
    await choose(rm, FRBC)
    await go_to(rm, NOW + 6 * SECOND)
    await home.override(power=2, duration="01:00:00")
    await go_to(rm, NOW + 8 * SECOND)
    assert told(rm) == []


async def test_limits_by_hand_end_when_the_plan_goes_on(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired())
    await limited(rm)
    await home.call("send_instruction", device_id=home.device_id(), upper_limit=2000)
    await go_to(rm, NOW + 12 * SECOND)
    ((minutes, upper),) = limits(received(rm, LIMITS)[-1])
    assert upper == 2000
    assert minutes <= 15
