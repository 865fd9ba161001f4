"""What Home Assistant's recorder has of a meter."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.helpers.recorder import get_instance

from ..fake_server import StoredSchedule
from ..home import HOUR, NOW, SLOT, Home
from .test_sensors import FIRST, METER, TARIFF, measure, meter, number


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_mock: Any, enable_custom_integrations: None
) -> None:
    """Start the recorder before Home Assistant."""


@pytest.fixture(autouse=True)
def metered(home: Home) -> None:
    """The server has sensors for a meter, without data."""
    home.server.add_sensor(METER, "meter", "kWh", "PT1H")
    home.server.add_sensor(TARIFF, "tariff", "EUR/kWh", "PT1H")


async def recorded(home: Home, kind: str) -> list[tuple[float, float | None, float]]:
    """Give the hours of a statistic: when each starts, its state and the sum."""
    await async_wait_recording_done(home.hass)
    statistic = f"{DOMAIN}:{METER}_{kind}"
    found = await get_instance(home.hass).async_add_executor_job(
        statistics_during_period,
        home.hass,
        FIRST,
        None,
        {statistic},
        "hour",
        None,
        {"state", "sum"},
    )
    return [
        (row["start"], row["state"], row["sum"] or 0.0)
        for row in found.get(statistic, ())
    ]


async def test_hours(home: Home) -> None:
    """Each hour is there, and goes on from the one before; bill and statistic agree."""
    measure(home, METER, 0.5)
    measure(home, TARIFF, 0.2, unit="EUR/kWh")
    await home.set_up(meter(cost_sensor=TARIFF, bill_start="2026-09-01", bill_months=3))
    hours = (SLOT - FIRST) // HOUR
    assert await recorded(home, "consumption") == [
        ((FIRST + index * HOUR).timestamp(), 0.5, (index + 1) / 2)
        for index in range(hours)
    ]
    assert [row[2] for row in await recorded(home, "cost")] == pytest.approx(
        [(index + 1) / 10 for index in range(hours)]
    )
    assert number(home, "usage_to_date") == hours / 2
    assert number(home, "cost_to_date") == pytest.approx(hours / 10)


async def test_new_and_corrected_hours(home: Home) -> None:
    """What is new follows, and what was corrected changes all sums after it."""
    measure(home, METER, 1.0)
    await home.set_up(meter())
    hours = (SLOT - FIRST) // HOUR
    corrected: list[float | None] = [1.0] * (hours + 13)
    corrected[hours - 100] = 5.0
    home.server.data[METER] = StoredSchedule(FIRST, HOUR, corrected, "kWh")
    await home.go_to(NOW + 13 * HOUR)
    rows = await recorded(home, "consumption")
    assert len(rows) == hours + 13
    assert rows[hours - 101][2] == hours - 100
    assert rows[hours - 100][1:] == (5.0, hours - 100 + 5.0)
    assert rows[-1][1:] == (1.0, hours + 13 + 4.0)


async def test_readings(home: Home) -> None:
    """What a meter shows is the statistic itself, which goes on when it is exchanged."""
    shown: list[float | None] = [1000.0 + hour for hour in range(1000)]
    shown += [float(hour) for hour in range((SLOT - FIRST) // HOUR - 1000)]
    home.server.data[METER] = StoredSchedule(FIRST, HOUR, shown, "kWh")
    await home.set_up(meter(cumulative=True, bill_start="2026-09-01", bill_months=3))
    rows = await recorded(home, "consumption")
    assert [row[1] for row in rows] == shown
    assert rows[0][2] == 0
    assert rows[999][2] == 999
    # The new meter begins at 0.
    assert rows[1000][2] == 999
    assert rows[-1][2] == 999 + (len(shown) - 1001)
    assert number(home, "usage_to_date") == rows[-1][2]


async def test_counted_in_another_way(home: Home) -> None:
    """With another price or unit, all is made anew; nothing is left of before."""
    measure(home, METER, 1.0)
    measure(home, TARIFF, 0.2, unit="EUR/kWh")
    await home.set_up(meter(cost_sensor=TARIFF))
    measure(home, METER, 2.0, start=FIRST + 24 * HOUR)
    home.change_device(METER, cumulative=False, production_sensor=METER)
    await home.settle()
    hours = (SLOT - FIRST) // HOUR - 24
    # Of a net meter, what is positive is produced, unless the server says otherwise.
    for kind, total in (("consumption", 0), ("production", 2), ("cost", 0)):
        rows = await recorded(home, kind)
        assert [row[2] for row in rows] == [
            pytest.approx((index + 1) * total) for index in range(hours)
        ], kind
