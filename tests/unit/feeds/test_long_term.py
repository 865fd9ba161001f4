"""What is made of long-term statistics, which are kept when states are gone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.flexmeasures.feeds.measured.history import async_long_term_values
from custom_components.flexmeasures.feeds.settings import MeasuredSource, Method
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant

METER = "sensor.meter"
FIRST = datetime(2026, 3, 22, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
HALF = timedelta(minutes=30)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: Recorder) -> None:
    """Start the recorder before Home Assistant."""


async def store(
    hass: HomeAssistant,
    *hours: tuple[int, float],
    unit: str | None = "Wh",
    unit_class: str | None = "energy",
    is_mean: bool = False,
) -> None:
    """Store means, or sums by the end, of hours after the first."""
    async_import_statistics(
        hass,
        StatisticMetaData(
            mean_type=StatisticMeanType.ARITHMETIC
            if is_mean
            else StatisticMeanType.NONE,
            has_sum=not is_mean,
            name=None,
            source="recorder",
            statistic_id=METER,
            unit_class=unit_class,
            unit_of_measurement=unit,
        ),
        [
            StatisticData(start=FIRST + hour * HOUR, mean=value)
            if is_mean
            else StatisticData(start=FIRST + hour * HOUR, state=value, sum=value)
            for hour, value in hours
        ],
    )
    await async_wait_recording_done(hass)


async def values(
    hass: HomeAssistant,
    method: Method,
    unit: str | None,
    *,
    start: timedelta = timedelta(0),
    length: timedelta = HOUR,
    slots: int = 4,
    **settings: Any,
) -> tuple[float | None, ...]:
    """Give the values of slots."""
    source = MeasuredSource(
        **{
            "entity": METER,
            "attribute": None,
            "method": method,
            "unit": unit,
            "least_share": 0.5,
            **settings,
        }
    )
    boundaries = [FIRST + start + index * length for index in range(slots + 1)]
    return await async_long_term_values(hass, source, boundaries)


async def test_means(hass: HomeAssistant) -> None:
    """Of hours, of parts of one, and of several of which enough are there."""
    await store(
        hass,
        *((-1, 9), (0, 1), (1, 2), (3, 4), (4, 5)),
        unit="kW",
        unit_class="power",
        is_mean=True,
    )
    # The entity is shown in another unit.
    hass.states.async_set(
        METER, "1", {"unit_of_measurement": "MW", "device_class": "power"}
    )
    assert await values(hass, Method.MEAN, "W") == (1000, 2000, None, None)
    assert await values(hass, Method.MEAN, "kW", length=QUARTER, slots=5) == (
        1,
        1,
        1,
        1,
        2,
    )
    assert await values(hass, Method.MEAN, "kW", length=3 * HOUR, slots=2) == (
        1.5,
        None,
    )
    # As in Kolkata, whose hours start at half past those of statistics.
    assert await values(hass, Method.MEAN, "kW", start=HALF) == (1.5, 2, None, 5)


async def test_differences(hass: HomeAssistant) -> None:
    """What gathered in hours that are not there is of no hour."""
    await store(hass, (-1, 10), (0, 1010), (1, 3010), (4, 9010), (5, 9410))
    assert await values(hass, Method.DIFFERENCE, "kWh", slots=6) == (
        1,
        2,
        None,
        None,
        None,
        0.4,
    )
    assert await values(hass, Method.DIFFERENCE, "Wh", length=2 * HOUR, slots=3) == (
        3000,
        None,
        None,
    )
    quarters = await values(hass, Method.DIFFERENCE, "kWh", length=QUARTER, slots=5)
    assert quarters == (0.25, 0.25, 0.25, 0.25, 0.5)
    assert await values(hass, Method.DIFFERENCE, "kWh", start=HALF, slots=2) == (
        1.5,
        None,
    )


async def test_the_first_hour(hass: HomeAssistant) -> None:
    """Nobody knows what was before it."""
    await store(hass, (0, 1000), (1, 1500))
    assert await values(hass, Method.DIFFERENCE, "Wh", slots=2) == (None, 500)


@pytest.mark.parametrize(
    "settings",
    [
        {"method": Method.LEVEL},
        {"method": Method.SHARE},
        {"method": Method.MEAN},
        {"attribute": "power"},
        {"entity": "sensor.other"},
        {"entity": "0" * 32},
        {"unit": "m³"},
    ],
)
async def test_not_known(hass: HomeAssistant, settings: dict[str, Any]) -> None:
    """Of what no statistics tell."""
    await store(hass, (-1, 10), (0, 1010))
    source = {"method": Method.DIFFERENCE, "unit": "Wh", **settings}
    assert await values(hass, **source, slots=1) == (None,)


async def test_units_without_a_class(hass: HomeAssistant) -> None:
    """They have to be the same."""
    await store(hass, (-1, 9), (0, 0.3), unit="EUR/kWh", unit_class=None, is_mean=True)
    assert await values(hass, Method.MEAN, "EUR/kWh", slots=1) == (0.3,)
    assert await values(hass, Method.MEAN, "EUR/MWh", slots=1) == (None,)


async def test_values_that_have_no_inverse(hass: HomeAssistant) -> None:
    """A car that uses nothing does not go infinitely far."""
    await store(
        hass,
        (-1, 10),
        (0, 0),
        (1, 20),
        unit="kWh/100km",
        unit_class="energy_distance",
        is_mean=True,
    )
    assert await values(hass, Method.MEAN, "km/kWh", slots=2) == (None, 5)
