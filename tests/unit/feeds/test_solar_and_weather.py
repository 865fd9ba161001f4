"""What PV is expected to produce, and the temperature that is forecast."""

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, mock_platform

from custom_components.flexmeasures.feeds.errors import EntityGoneError
from custom_components.flexmeasures.feeds.foreseen.errors import (
    AttributeMissingError,
    NoTimesAndValuesError,
    ProviderFailedError,
    ProviderGoneError,
)
from custom_components.flexmeasures.feeds.foreseen.providers import (
    Foreseen,
    Provider,
    provider_of,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from ..home import NOW, Home
from .foreign import HOUR, MIDNIGHT, Foreign, Told, hours, price_sensor, source, steps

SECOND = timedelta(seconds=1)


@pytest.fixture
def foreign(home: Home) -> Foreign:
    """Other integrations, at a time that stands still."""
    return Foreign(home.hass)


def wh_hours(first: int, *values: Any, minutes: int = 60) -> dict[str, Any]:
    """Give energies from an hour of the day on, by the times at which they begin."""
    return {
        (
            MIDNIGHT + first * HOUR + index * timedelta(minutes=minutes)
        ).isoformat(): value
        for index, value in enumerate(values)
    }


async def solar(foreign: Foreign, answer: Any) -> tuple[Provider, MockConfigEntry]:
    """Set up an integration that tells the Energy dashboard what PV is to produce."""

    async def async_get_solar_forecast(hass: HomeAssistant, entry_id: str) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer and {"wh_hours": answer}

    entry = foreign.entry("forecast_solar", "Roof")
    mock_platform(
        foreign.hass,
        "forecast_solar.energy",
        Mock(
            async_get_solar_forecast=async_get_solar_forecast,
            spec_set=["async_get_solar_forecast"],
        ),
    )
    assert await async_setup_component(foreign.hass, "forecast_solar", {})
    foreign.entity(entry, "sensor.energy_production_today", "7.5", unit="kWh")
    roof = source("solar_forecast", config_entry=entry.entry_id)
    return provider_of(foreign.hass, roof, price_sensor()), entry


async def test_energy_becomes_power(foreign: Foreign) -> None:
    """Of the hours that are left out, nothing is produced in any."""
    provider, _ = await solar(
        foreign, {**wh_hours(15, 400, 90.5, 0), **wh_hours(32, 20, None)}
    )

    assert await provider.async_read() == Foreseen(
        (
            *steps(15, 400.0, 90.5, 0.0)[:-1],
            (MIDNIGHT + 18 * HOUR, 0.0),
            *steps(32, 20.0, None),
        ),
        "W",
        NOW,
    )


async def test_energy_of_shorter_times(foreign: Foreign) -> None:
    """The sun may rise at any minute; the last time is as long as the one before."""
    provider, _ = await solar(
        foreign,
        {
            (MIDNIGHT + 7.75 * HOUR).isoformat(): 10,
            **wh_hours(8, 20, 30, minutes=30),
        },
    )

    assert (await provider.async_read()).steps == (
        (MIDNIGHT + 7.75 * HOUR, 40.0),
        (MIDNIGHT + 8 * HOUR, 40.0),
        (MIDNIGHT + 8.5 * HOUR, 60.0),
        (MIDNIGHT + 9 * HOUR, None),
    )


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, NoTimesAndValuesError),
        ({"soon": 5}, NoTimesAndValuesError),
        (wh_hours(8, None), NoTimesAndValuesError),
        (AttributeError("runtime_data"), ProviderFailedError),
    ],
)
async def test_a_solar_forecast_that_is_not_there(
    foreign: Foreign, answer: Any, error: type[Exception]
) -> None:
    provider, _ = await solar(foreign, answer)

    with pytest.raises(error):
        await provider.async_read()


async def test_an_integration_without_a_solar_forecast(foreign: Foreign) -> None:
    entry = foreign.entry("met")
    provider = provider_of(
        foreign.hass,
        source("solar_forecast", config_entry=entry.entry_id),
        price_sensor(),
    )

    with pytest.raises(ProviderGoneError):
        await provider.async_read()


async def test_a_solar_forecast_is_followed_by_the_entities(
    foreign: Foreign, home: Home
) -> None:
    """And looked at each hour."""
    provider, _ = await solar(foreign, wh_hours(15, 400, 90))
    told = Told(provider)

    foreign.show("sensor.energy_production_today", "7.6")
    await home.go_to(NOW + 5 * SECOND)
    assert told.times == 1
    await home.go_to(NOW + HOUR)
    assert told.times == 2
    told.stop()


async def test_the_temperature_that_is_forecast(foreign: Foreign, home: Home) -> None:
    """Of each hour, from the weather's action; followed by its entity."""
    weather = foreign.entity(
        foreign.entry("met"),
        "weather.forecast_home",
        "cloudy",
        temperature=7.1,
        temperature_unit="°C",
        supported_features=3,
    )
    calls = foreign.answers(
        "weather.get_forecasts",
        lambda data: {
            data["entity_id"]: {
                "forecast": [
                    {**item, "condition": "cloudy", "humidity": 88, "wind_speed": 20.5}
                    for item in hours(
                        11, 7.1, 6.9, start="datetime", value="temperature"
                    )
                ]
            }
        },
    )
    provider = provider_of(
        foreign.hass, source("weather", entity=weather), price_sensor()
    )

    assert await provider.async_read() == Foreseen(steps(11, 7.1, 6.9), "°C", NOW)
    assert calls == [{"entity_id": "weather.forecast_home", "type": "hourly"}]

    told = Told(provider)
    foreign.show("weather.forecast_home", "sunny")
    await home.go_to(NOW + 5 * SECOND)
    assert told.times == 1
    with pytest.raises(AttributeMissingError):
        await provider.async_read()

    er.async_get(home.hass).async_remove("weather.forecast_home")
    await home.settle()
    with pytest.raises(EntityGoneError):
        await provider.async_read()
    told.stop()


async def test_weather_that_does_not_answer(foreign: Foreign) -> None:
    foreign.show("weather.home", "sunny", temperature_unit="°F")
    provider = provider_of(
        foreign.hass, source("weather", entity="weather.home"), price_sensor()
    )

    with pytest.raises(ProviderFailedError):
        await provider.async_read()

    foreign.answers("weather.get_forecasts", lambda _: {})
    with pytest.raises(NoTimesAndValuesError):
        await provider.async_read()
