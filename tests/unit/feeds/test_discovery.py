"""Which prices and forecasts are offered."""

from typing import Any
from unittest.mock import Mock

import pytest
from pytest_homeassistant_custom_component.common import mock_platform

from custom_components.flexmeasures.feeds.foreseen.providers import (
    Found,
    found_providers,
    provider_of,
)
from custom_components.flexmeasures.feeds.settings import ForeseenSource
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from ..home import NOW, Home
from .foreign import HOUR, Foreign, hours, price_sensor


@pytest.fixture
def foreign(home: Home) -> Foreign:
    """Other integrations, at a time that stands still."""
    return Foreign(home.hass)


async def names(hass: HomeAssistant) -> list[str]:
    return [found.name for found in await found_providers(hass)]


async def test_nothing_is_installed(home: Home) -> None:
    assert await found_providers(home.hass) == []


async def test_prices_of_core_integrations(foreign: Foreign) -> None:
    """Each price that they have, also of several homes and areas."""
    nordpool = foreign.entry("nordpool", areas=["FI", "NL"], currency="EUR")
    foreign.answers("nordpool.get_prices_for_date", lambda _: {})
    tibber = foreign.entry("tibber")
    foreign.entity(tibber, "sensor.electricity_price", unit="NOK/kWh")
    foreign.answers("tibber.get_prices", lambda _: {"prices": {"Home": []}})
    foreign.entry("energyzero")
    foreign.answers("energyzero.get_energy_prices", lambda _: {})
    foreign.entry("easyenergy")
    foreign.answers("easyenergy.get_energy_usage_prices", lambda _: {})

    found = await found_providers(foreign.hass)

    assert [(each.name, each.unit) for each in found] == [
        ("easyEnergy: invoice", "EUR/kWh"),
        ("easyEnergy: return", "EUR/kWh"),
        ("easyEnergy: usage", "EUR/kWh"),
        ("EnergyZero: all_in", "EUR/kWh"),
        ("EnergyZero: market", "EUR/kWh"),
        ("Nord Pool: FI", "EUR/MWh"),
        ("Nord Pool: NL", "EUR/MWh"),
        ("Tibber: Home", "NOK/kWh"),
    ]
    assert found[6] == Found(
        ForeseenSource("nordpool", None, None, nordpool.entry_id, "NL", None),
        "Nord Pool: NL",
        is_price=True,
        unit="EUR/MWh",
    )


async def test_integrations_that_do_not_work_now(foreign: Foreign) -> None:
    """Nor one of the same name without the action, as in HACS."""
    foreign.entry("nordpool", region="NL")
    tibber = foreign.entry("tibber")

    def fail(data: Any) -> None:
        raise HomeAssistantError("Tibber does not answer")

    foreign.answers("tibber.get_prices", fail)
    foreign.entry("energyzero").mock_state(foreign.hass, ConfigEntryState.SETUP_RETRY)
    foreign.answers("energyzero.get_energy_prices", lambda _: {})

    assert await found_providers(foreign.hass) == []
    assert tibber.state is ConfigEntryState.LOADED


async def test_attributes_of_any_entity(foreign: Foreign) -> None:
    """Prices first; what is here already is not sent again, and what has passed neither."""
    hacs = foreign.entry("nordpool")
    key = foreign.entity(
        hacs,
        "sensor.nordpool",
        "0.2",
        unit="€/kWh",
        friendly_name="Nord Pool NL",
        raw_today=hours(0, *range(24)),
        raw_tomorrow=[],
    )
    foreign.show(
        "sensor.consumption",
        friendly_name="Load",
        unit_of_measurement="W",
        forecast={(NOW + hour * HOUR).isoformat(): hour for hour in range(3)},
        history=hours(-9, 1, 2, 3),
    )
    foreign.show("sensor.other", count=3, options=["a", "b"], forecast=hours(12, 1, 2))
    own = foreign.entry("flexmeasures")
    foreign.entity(own, "sensor.battery_schedule", unit="kW", schedule=hours(11, 1, 2))

    found = await found_providers(foreign.hass)

    assert [(each.name, each.is_price, each.unit) for each in found] == [
        ("Nord Pool NL: raw_today", True, "EUR/kWh"),
        ("Load: forecast", False, "W"),
        ("other: forecast", False, None),
    ]
    assert [each.source for each in found[:2]] == [
        ForeseenSource("attribute", key, "raw_today", None, None, None),
        ForeseenSource("attribute", "sensor.consumption", "forecast", None, None, None),
    ]
    for each in found:
        await provider_of(foreign.hass, each.source, price_sensor()).async_read()


async def test_octopus_energy(foreign: Foreign) -> None:
    """A meter is offered once, whose rates are in an event for each day."""
    entry = foreign.entry("octopus_energy")
    keys = [
        foreign.entity(
            entry,
            f"event.meter_{day}_day_rates",
            unique_id=f"octopus_energy_electricity_1_2_{day}_day_rates",
            friendly_name=f"{day} day rates",
            rates=hours(0, 1, 2, value="value_inc_vat"),
        )
        for day in ("previous", "current", "next")
    ]

    assert await found_providers(foreign.hass) == [
        Found(
            ForeseenSource(
                "octopus_energy", keys[1], "rates", None, "value_inc_vat", None
            ),
            "current day rates",
            is_price=True,
            unit="GBP/kWh",
        )
    ]

    er.async_get(foreign.hass).async_update_entity(
        "event.meter_current_day_rates", disabled_by=er.RegistryEntryDisabler.USER
    )
    foreign.hass.states.async_remove("event.meter_current_day_rates")
    assert await found_providers(foreign.hass) == []


async def test_solcast(foreign: Foreign) -> None:
    """It is offered if its options say that the forecast is in attributes."""
    entry = foreign.entry("solcast_solar", "Solcast")
    assert await found_providers(foreign.hass) == []
    sensor = "sensor.solcast_forecast_today"
    foreign.entity(entry, sensor, "7.5", unit="kWh")
    assert await found_providers(foreign.hass) == []

    foreign.show(sensor, detailedForecast=hours(10, 1, 2, value="pv_estimate"))
    assert await found_providers(foreign.hass) == [
        Found(
            ForeseenSource(
                "solcast_solar",
                None,
                "detailedForecast",
                entry.entry_id,
                "pv_estimate",
                None,
            ),
            "Solcast: detailedForecast",
            is_price=False,
            unit="kW",
            is_production=True,
        )
    ]


async def test_solar_forecasts(foreign: Foreign) -> None:
    """But not our own: it comes from the server."""
    for domain in ("forecast_solar", "flexmeasures"):
        entry = foreign.entry(domain, "Roof")
        mock_platform(foreign.hass, f"{domain}.energy", Mock())
        assert await async_setup_component(foreign.hass, domain, {})

    [found] = await found_providers(foreign.hass)

    assert found == Found(
        ForeseenSource(
            "solar_forecast", None, None, found.source.config_entry, None, None
        ),
        "forecast_solar: Roof",
        is_price=False,
        unit="W",
        is_production=True,
    )
    assert found.source.config_entry != entry.entry_id


async def test_temperatures(foreign: Foreign) -> None:
    """Of weather with a forecast for each hour."""
    foreign.show(
        "weather.home",
        friendly_name="Home",
        temperature_unit="°C",
        supported_features=3,
    )
    foreign.show("weather.daily", temperature_unit="°C", supported_features=1)
    foreign.show("weather.none")

    assert await found_providers(foreign.hass) == [
        Found(
            ForeseenSource("weather", "weather.home", None, None, None, None),
            "Home: temperature",
            is_price=False,
            unit="°C",
        )
    ]
