"""Prices and forecasts in attributes of entities: one, or several."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.feeds.errors import EntityGoneError
from custom_components.flexmeasures.feeds.foreseen.errors import (
    AttributeMissingError,
    NoTimesAndValuesError,
    ProviderGoneError,
)
from custom_components.flexmeasures.feeds.foreseen.providers import (
    Foreseen,
    Provider,
    async_forecast_attributes,
    async_value_keys,
    provider_of,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..home import NOW, Home
from .foreign import (
    DAY,
    HOUR,
    MIDNIGHT,
    Foreign,
    Json,
    Told,
    hours,
    price_sensor,
    source,
    steps,
)

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
PRICE = "sensor.nordpool_kwh_nl"


@pytest.fixture
def foreign(home: Home) -> Foreign:
    """Other integrations, at a time that stands still."""
    return Foreign(home.hass)


def nordpool_of_hacs(foreign: Foreign, *, tomorrow: bool = False) -> str:
    """Add the sensor of the custom integration, as it is before or after one o'clock."""
    today: list[Json] = [
        {
            "start": dt_util.as_local(MIDNIGHT + hour * HOUR),
            "end": dt_util.as_local(MIDNIGHT + (hour + 1) * HOUR),
            "value": 10.0 + hour,
        }
        for hour in range(24)
    ]
    return foreign.entity(
        foreign.entry("nordpool"),
        PRICE,
        "21.0",
        unit="c/kWh",
        currency="EUR",
        price_in_cents=True,
        today=[item["value"] for item in today],
        raw_today=today,
        tomorrow_valid=tomorrow,
        raw_tomorrow=[
            {**item, "start": item["start"] + DAY, "end": item["end"] + DAY}
            for item in today
            if tomorrow
        ],
    )


def provider_of_attribute(
    hass: HomeAssistant, entity: str, attribute: str = "raw_today", **settings: str
) -> Provider:
    return provider_of(
        hass,
        source("attribute", entity=entity, attribute=attribute, **settings),
        price_sensor(),
    )


async def test_an_attribute_of_an_entity(foreign: Foreign) -> None:
    provider = provider_of_attribute(foreign.hass, nordpool_of_hacs(foreign))

    assert await provider.async_read() == Foreseen(
        steps(0, *(10.0 + hour for hour in range(24))), "c/kWh", NOW
    )


async def test_tomorrow_is_in_another_attribute(foreign: Foreign) -> None:
    provider = provider_of_attribute(
        foreign.hass, nordpool_of_hacs(foreign, tomorrow=True)
    )

    read = await provider.async_read()

    assert read.steps == steps(0, *(10.0 + hour % 24 for hour in range(48)))


@pytest.mark.parametrize(
    ("unit", "chosen", "read"),
    [
        ("€ / kWh", None, "EUR/kWh"),
        ("Øre/kWh", None, "øre/kWh"),
        ("Cents/kwh", None, "ct/kWh"),
        ("Euro/MWh", None, "EUR/MWh"),
        ("GBP/kWh", None, "GBP/kWh"),
        ("kW", None, "kW"),
        ("km/h", None, "km/h"),
        ("BTU/h", None, "BTU/h"),
        (None, None, ""),
        ("kWh", "kW", "kW"),
    ],
)
async def test_the_unit(
    foreign: Foreign, unit: str | None, chosen: str | None, read: str
) -> None:
    """It is the entity's, unless another is chosen, and written as usual."""
    foreign.show(PRICE, unit_of_measurement=unit, prices=hours(0, 1, 2))
    provider = provider_of(
        foreign.hass,
        source("attribute", entity=PRICE, attribute="prices", unit=chosen),
        price_sensor(),
    )

    assert (await provider.async_read()).unit == read


@pytest.mark.parametrize(
    ("attribute", "listed", "unit"),
    [
        (
            "watts",
            {"2026-11-22T12:00:00+01:00": 5, "2026-11-22T13:00:00+01:00": 7},
            "W",
        ),
        (
            "detailedHourly",
            hours(12, 1, 2, start="period_start", value="pv_estimate"),
            "kW",
        ),
        (
            "detailedHourly",
            hours(12, 1, 2, start="period_start", value="pv_high"),
            "kWh",
        ),
        (
            "forecast",
            {"wh_period": {"2026-11-22T12:00Z": 5, "2026-11-22T13:00Z": 7}},
            "Wh",
        ),
        ("wh_period", {"2026-11-22T12:00Z": 5, "2026-11-22T13:00Z": 7}, "Wh"),
    ],
)
async def test_the_unit_that_a_name_says(
    foreign: Foreign, attribute: str, listed: Any, unit: str
) -> None:
    """Sensors of energy list power, too."""
    sensor = "sensor.energy_production_today"
    foreign.show(sensor, unit_of_measurement="kWh", **{attribute: listed})
    provider = provider_of_attribute(foreign.hass, sensor, attribute)

    assert (await provider.async_read()).unit == unit


async def test_an_attribute_that_is_not_there(foreign: Foreign) -> None:
    """The sensor is unavailable, or has nothing that can be understood."""
    foreign.show(PRICE, "unavailable")
    provider = provider_of_attribute(foreign.hass, PRICE)
    with pytest.raises(AttributeMissingError) as raised:
        await provider.async_read()
    assert raised.value.placeholders == {
        "entity": "nordpool kwh nl",
        "attribute": "raw_today",
    }

    foreign.show(PRICE, raw_today="later")
    with pytest.raises(NoTimesAndValuesError):
        await provider.async_read()


async def test_an_entity_that_is_removed(foreign: Foreign, home: Home) -> None:
    """Or was never there."""
    key = nordpool_of_hacs(foreign)
    provider = provider_of_attribute(foreign.hass, key)
    told = Told(provider)

    er.async_get(home.hass).async_remove(PRICE)
    await home.settle()
    await home.go_to(NOW + 10 * SECOND)

    assert told.times == 1
    with pytest.raises(EntityGoneError):
        await provider.async_read()
    with pytest.raises(EntityGoneError):
        provider_of_attribute(foreign.hass, key)
    told.stop()


async def test_it_says_when_the_attribute_has_changed(
    foreign: Foreign, home: Home
) -> None:
    """Some seconds later, once for several changes; nothing if only the state has."""
    told = Told(provider_of_attribute(home.hass, nordpool_of_hacs(foreign)))

    state = home.hass.states.get(PRICE)
    assert state
    foreign.show(PRICE, "22.0", **state.attributes)
    await home.go_to(NOW + 10 * SECOND)
    assert told.times == 0

    nordpool_of_hacs(foreign, tomorrow=True)
    foreign.show(PRICE, raw_today=hours(0, 1, 2))
    await home.go_to(NOW + 12 * SECOND)
    assert told.times == 0
    await home.go_to(NOW + 15 * SECOND)
    assert told.times == 1

    # What changes all the time is told every half minute.
    foreign.show(PRICE, raw_today=hours(0, 1, 3))
    await home.go_to(NOW + 40 * SECOND)
    assert told.times == 1
    await home.go_to(NOW + 45 * SECOND)
    assert told.times == 2

    foreign.show(PRICE, raw_today=hours(0, 1, 4))
    told.stop()
    await home.go_to(NOW + HOUR)
    assert told.times == 2


async def test_an_entity_that_gets_another_id(foreign: Foreign, home: Home) -> None:
    provider = provider_of_attribute(home.hass, nordpool_of_hacs(foreign))
    told = Told(provider)

    foreign.entity(foreign.entry("other"), "sensor.other")
    foreign.rename(PRICE, "sensor.price")
    await home.go_to(NOW + MINUTE)
    assert told.times == 1
    foreign.show("sensor.price", raw_today=hours(0, 1, 2))
    await home.go_to(NOW + 2 * MINUTE)

    assert told.times == 2
    assert (await provider.async_read()).steps == steps(0, 1, 2)
    told.stop()


OCTOPUS_IDS = "octopus_energy_electricity_21L1_1200"


def octopus(foreign: Foreign) -> str:
    """Add the events of an electricity meter, which have the rates of three days."""
    entry = foreign.entry("octopus_energy")
    keys = [
        foreign.entity(
            entry,
            f"event.{OCTOPUS_IDS.lower()}_{day}_day_rates",
            "2026-11-22T00:00:00.000+00:00",
            unique_id=f"{OCTOPUS_IDS}_{day}_day_rates",
            event_type=f"octopus_energy_electricity_{day}_day_rates",
            tariff_code="E-1R-AGILE-24-10-01-C",
            rates=[
                {
                    "start": (MIDNIGHT + first * HOUR + half * HOUR / 2).isoformat(),
                    "end": (
                        MIDNIGHT + first * HOUR + (half + 1) * HOUR / 2
                    ).isoformat(),
                    "value_inc_vat": (0.2, 0.21)[half],
                    "is_capped": False,
                    "is_intelligent_adjusted": False,
                }
                for half in range(2)
            ],
        )
        for day, first in (("previous", -1), ("current", 0), ("next", 1))
    ]
    return keys[1]


async def test_octopus_energy(foreign: Foreign) -> None:
    """Today and tomorrow are in an event each."""
    key = octopus(foreign)
    provider = provider_of(
        foreign.hass, source("octopus_energy", entity=key), price_sensor()
    )

    assert await provider.async_read() == Foreseen(
        tuple(
            (MIDNIGHT + index * HOUR / 2, value)
            for index, value in enumerate((0.2, 0.21, 0.2, 0.21, None))
        ),
        "GBP/kWh",
        NOW,
    )

    following = f"event.{OCTOPUS_IDS.lower()}_next_day_rates"
    er.async_get(foreign.hass).async_remove(following)
    await foreign.hass.async_block_till_done()
    assert (await provider.async_read()).steps[-1][0] == MIDNIGHT + HOUR


def solcast(foreign: Foreign) -> str:
    """Add the sensors of Solcast, of which each has a day."""
    entry = foreign.entry("solcast_solar", "Solcast PV Forecast")
    for index, day in enumerate(("today", "tomorrow", "day_3")):
        foreign.entity(
            entry,
            f"sensor.solcast_pv_forecast_forecast_{day}",
            "7.5",
            unit="kWh",
            dayname="Sunday",
            detailedForecast=[
                {
                    "period_start": dt_util.as_local(
                        MIDNIGHT + index * DAY + half * HOUR / 2
                    ),
                    "pv_estimate": half / 10,
                    "pv_estimate10": half / 20,
                    "pv_estimate90": half / 5,
                }
                for half in range(48)
            ],
        )
    foreign.entity(entry, "sensor.solcast_pv_forecast_power_now", "310", unit="W")
    return entry.entry_id


async def test_solcast(foreign: Foreign, home: Home) -> None:
    """Its days are in a sensor each."""
    entry_id = solcast(foreign)
    provider = provider_of(
        home.hass, source("solcast_solar", config_entry=entry_id), price_sensor()
    )

    read = await provider.async_read()

    assert (read.unit, len(read.steps)) == ("kW", 3 * 48 + 1)
    assert read.steps[1] == (MIDNIGHT + HOUR / 2, 0.1)
    assert read.steps[-1] == (MIDNIGHT + 3 * DAY, None)

    low = source("solcast_solar", config_entry=entry_id, value_key="pv_estimate10")
    read = await provider_of(home.hass, low, price_sensor()).async_read()
    assert read.steps[1] == (MIDNIGHT + HOUR / 2, 0.05)
    assert async_value_keys(home.hass, low) == (
        "pv_estimate",
        "pv_estimate10",
        "pv_estimate90",
    )

    told = Told(provider)
    foreign.show("sensor.solcast_pv_forecast_forecast_day_3", "8")
    await home.go_to(NOW + MINUTE)
    assert told.times == 1
    told.stop()

    await home.hass.config_entries.async_remove(entry_id)
    with pytest.raises(ProviderGoneError):
        await provider.async_read()
    with pytest.raises(ProviderGoneError):
        provider_of(home.hass, low, price_sensor())


async def test_which_attributes_can_be_chosen(foreign: Foreign) -> None:
    """Those that have times to come; what is tomorrow's comes along with today's."""
    nordpool_of_hacs(foreign, tomorrow=True)
    foreign.show(
        "sensor.other",
        options=["low", "high"],
        past=hours(-24, 1, 2, 3),
        single=[{"start": NOW.isoformat(), "value": 1}],
        named=[{"start": NOW.isoformat(), "name": "high"}],
        buy_or_sell=[
            {"start": (NOW + hour * HOUR).isoformat(), "buy": 1, "sell": 2}
            for hour in range(2)
        ],
        prices_tomorrow=hours(24, 1, 2),
    )

    assert async_forecast_attributes(foreign.hass, PRICE) == ("raw_today",)
    assert async_forecast_attributes(foreign.hass, "sensor.other") == (
        "buy_or_sell",
        "prices_tomorrow",
    )
    assert async_forecast_attributes(foreign.hass, "sensor.gone") == ()

    chosen = source("attribute", entity="sensor.other", attribute="buy_or_sell")
    assert async_value_keys(foreign.hass, chosen) == ("buy", "sell")
    chosen = source("attribute", entity=PRICE, attribute="raw_today")
    assert async_value_keys(foreign.hass, chosen) == ()
    assert async_value_keys(foreign.hass, source("weather", entity=PRICE)) == ()
