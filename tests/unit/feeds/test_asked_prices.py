"""Prices that integrations give when they are asked by an action."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.feeds.foreseen.errors import (
    NoTimesAndValuesError,
    ProviderFailedError,
    ProviderGoneError,
)
from custom_components.flexmeasures.feeds.foreseen.providers import (
    Foreseen,
    Provider,
    provider_of,
)
from homeassistant.core import HomeAssistant, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

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

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)

TODAY = "2026-11-22"
TOMORROW = "2026-11-23"
NOON = MIDNIGHT + 12 * HOUR

PRICE = "sensor.nord_pool_nl_current_price"
FLOW = "sensor.pulse_power"


@pytest.fixture
def foreign(home: Home) -> Foreign:
    """Other integrations, at a time that stands still."""
    return Foreign(home.hass)


class NordPool:
    """The Nord Pool integration, as it is in Home Assistant's core."""

    def __init__(self, foreign: Foreign, *, area: str = "NL") -> None:
        """Have today's prices."""
        self._foreign = foreign
        self.prices: dict[str, Any] = {TODAY: self._of(0)}
        self.failure: Exception | None = None
        self.entry = foreign.entry("nordpool", areas=["NL", "FI"], currency="EUR")
        self.calls = foreign.answers("nordpool.get_prices_for_date", self._answer)
        foreign.entity(self.entry, PRICE, "0.05", unit="EUR/kWh")
        foreign.entity(self.entry, FLOW, "310", unit="W")
        self.provider = provider_of(
            foreign.hass,
            source("nordpool", config_entry=self.entry.entry_id, value_key=area),
            price_sensor(),
        )

    def publish(self) -> None:
        """Have tomorrow's prices, as its entities show."""
        self.prices[TOMORROW] = self._of(24)
        # The price of this hour is the same as before.
        self._foreign.show(PRICE, "0.05", unit_of_measurement="EUR/kWh")

    @property
    def days(self) -> list[str]:
        """The days that were asked for."""
        return [call["date"] for call in self.calls]

    def _of(self, first: int) -> list[Json]:
        return hours(first, *(50.0 + hour for hour in range(24)), value="price")

    def _answer(self, data: Any) -> ServiceResponse:
        if self.failure:
            raise self.failure
        return {area: self.prices.get(data["date"], []) for area in data["areas"]}


async def test_nord_pool(foreign: Foreign) -> None:
    """Each day is asked for, of the area that is meant; prices are per MWh."""
    nordpool = NordPool(foreign)

    read = await nordpool.provider.async_read()

    assert read == Foreseen(
        steps(0, *(50.0 + hour for hour in range(24))), "EUR/MWh", NOW
    )
    assert nordpool.calls == [
        {"config_entry": nordpool.entry.entry_id, "date": day, "areas": ["NL"]}
        for day in (TODAY, TOMORROW)
    ]

    nordpool.publish()
    read = await nordpool.provider.async_read()
    assert read.steps == steps(0, *(50.0 + hour % 24 for hour in range(48)))


async def test_the_days_of_nord_pool_are_those_of_oslo(
    foreign: Foreign, home: Home
) -> None:
    """In Helsinki it is tomorrow already."""
    await home.hass.config.async_set_time_zone("Europe/Helsinki")
    await home.go_to(MIDNIGHT + DAY - HOUR / 2)
    nordpool = NordPool(foreign)

    await nordpool.provider.async_read()

    assert nordpool.days == [TODAY, TOMORROW]


async def test_known_since_it_was_first_seen(foreign: Foreign, home: Home) -> None:
    nordpool = NordPool(foreign)
    await nordpool.provider.async_read()

    await home.go_to(NOW + HOUR)
    assert (await nordpool.provider.async_read()).known_at == NOW

    nordpool.publish()
    assert (await nordpool.provider.async_read()).known_at == NOW + HOUR


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (HomeAssistantError("Nord Pool does not answer"), "Nord Pool does not answer"),
        (RuntimeError("out of order"), "out of order"),
        (TimeoutError(), "TimeoutError"),
    ],
)
async def test_an_action_that_fails(
    foreign: Foreign, failure: Exception, reason: str
) -> None:
    nordpool = NordPool(foreign)
    nordpool.failure = failure

    with pytest.raises(ProviderFailedError) as raised:
        await nordpool.provider.async_read()

    assert raised.value.placeholders == {"provider": "Nord Pool", "reason": reason}


async def test_an_action_that_is_not_there(foreign: Foreign) -> None:
    """The integration is not set up yet."""
    nordpool = NordPool(foreign)
    foreign.hass.services.async_remove("nordpool", "get_prices_for_date")

    with pytest.raises(ProviderFailedError):
        await nordpool.provider.async_read()


async def test_no_prices_of_today(foreign: Foreign) -> None:
    nordpool = NordPool(foreign)
    nordpool.prices.clear()
    with pytest.raises(NoTimesAndValuesError):
        await nordpool.provider.async_read()

    foreign.answers("nordpool.get_prices_for_date", lambda _: {})
    with pytest.raises(NoTimesAndValuesError):
        await nordpool.provider.async_read()


async def test_an_integration_that_is_removed(foreign: Foreign, home: Home) -> None:
    """It is told at once, as its entities go."""
    nordpool = NordPool(foreign)
    told = Told(nordpool.provider)

    await home.hass.config_entries.async_remove(nordpool.entry.entry_id)
    await home.go_to(NOW + 10 * SECOND)

    assert told.times == 1
    with pytest.raises(ProviderGoneError):
        await nordpool.provider.async_read()
    told.stop()


class Reading:
    """Reads each time that there may be something new, as a feed does."""

    def __init__(self, hass: HomeAssistant, provider: Provider) -> None:
        """Begin to follow."""
        self._hass = hass
        self._provider = provider
        self.times = 0
        self.stop = provider.async_follow(self._changed)

    def _changed(self) -> None:
        self.times += 1
        self._hass.async_create_task(self._provider.async_read())


async def test_it_is_asked_each_hour(foreign: Foreign, home: Home) -> None:
    """Not at each sign of life, if it has what there is: the answer may come from far."""
    nordpool = NordPool(foreign)
    await nordpool.provider.async_read()
    reading = Reading(home.hass, nordpool.provider)

    foreign.show(PRICE, "0.06", unit_of_measurement="EUR/kWh")
    await home.go_to(NOW + 30 * MINUTE)
    assert reading.times == 0
    await home.go_to(NOW + HOUR)
    assert reading.times == 1

    reading.stop()
    await home.go_to(NOW + DAY)
    assert reading.times == 1


async def test_as_long_as_nothing_is_known_it_is_asked_more_often(
    foreign: Foreign, home: Home
) -> None:
    """Also in the morning, and without a sign of life."""
    nordpool = NordPool(foreign)
    nordpool.failure = HomeAssistantError("not yet")
    told = Told(nordpool.provider)

    await home.go_to(NOW + 10 * MINUTE)

    assert told.times == 1
    told.stop()


async def test_tomorrows_prices_are_read_when_they_arrive(
    foreign: Foreign, home: Home
) -> None:
    """A few seconds after the price's entity was written, even if that shows the same."""
    nordpool = NordPool(foreign)
    await nordpool.provider.async_read()
    reading = Reading(home.hass, nordpool.provider)
    at_one = NOON + HOUR
    await home.go_to(at_one)
    times = reading.times

    foreign.show(FLOW, "320", unit_of_measurement="W")
    await home.go_to(at_one + 10 * SECOND)
    assert reading.times == times
    nordpool.publish()
    await home.go_to(at_one + 15 * SECOND)
    assert reading.times == times + 1
    assert (await nordpool.provider.async_read()).steps[-1][0] == MIDNIGHT + 2 * DAY

    foreign.show(PRICE, "0.07", unit_of_measurement="EUR/kWh")
    await home.go_to(at_one + 9 * MINUTE)
    assert reading.times == times + 1
    reading.stop()


async def test_while_tomorrows_prices_are_missing_it_is_asked_more_often(
    foreign: Foreign, home: Home
) -> None:
    """Every ten minutes in the afternoon; then each hour again."""
    nordpool = NordPool(foreign)
    await nordpool.provider.async_read()
    await home.go_to(NOON)
    reading = Reading(home.hass, nordpool.provider)

    for minutes in (10, 20, 30):
        await home.go_to(NOON + minutes * MINUTE)
    assert reading.times == 3

    # No entity shows it.
    nordpool.prices[TOMORROW] = hours(24, *range(24), value="price")
    for minutes in (40, 50, 60, 70, 100):
        await home.go_to(NOON + minutes * MINUTE)
    assert reading.times == 5
    await home.go_to(NOON + 110 * MINUTE)
    assert reading.times == 6
    reading.stop()


async def test_an_entity_that_comes_later_is_followed(
    foreign: Foreign, home: Home
) -> None:
    """As at the start of Home Assistant, when nothing could be read yet."""
    nordpool = NordPool(foreign)
    nordpool.failure = HomeAssistantError("not yet")
    told = Told(nordpool.provider)

    foreign.entity(nordpool.entry, "sensor.price_fi", "0.04", unit="EUR/kWh")
    await home.go_to(NOW + 10 * SECOND)

    assert told.times == 1
    told.stop()


def tibber(
    foreign: Foreign, unit: str | None = "NOK/kWh"
) -> tuple[Provider, list[Json]]:
    """Set up Tibber with two homes."""
    entry = foreign.entry("tibber")
    foreign.entity(entry, "sensor.tibber_power", unit="W")
    foreign.entity(entry, "sensor.electricity_price_cabin", unit=unit)
    prices: Json = {
        "Home": hours(0, 1.1, 1.2, start="start_time", value="price"),
        "Cabin": hours(0, 2.1, 2.2, start="start_time", value="price"),
    }
    calls = foreign.answers("tibber.get_prices", lambda _: {"prices": prices})
    cabin = source("tibber", config_entry=entry.entry_id, value_key="Cabin")
    return provider_of(foreign.hass, cabin, price_sensor()), calls


async def test_tibber(foreign: Foreign) -> None:
    """Today and tomorrow are asked for at once; the price's entity says the currency."""
    provider, calls = tibber(foreign)

    read = await provider.async_read()

    assert read == Foreseen(steps(0, 2.1, 2.2), "NOK/kWh", NOW)
    [call] = calls
    assert datetime.fromisoformat(call["start"]) == MIDNIGHT
    assert datetime.fromisoformat(call["end"]) == MIDNIGHT + 2 * DAY


async def test_tibber_without_an_entity(foreign: Foreign) -> None:
    """The currency is then that of Home Assistant."""
    foreign.hass.config.currency = "SEK"
    provider, _ = tibber(foreign, unit=None)

    assert (await provider.async_read()).unit == "SEK/kWh"


@pytest.mark.parametrize(
    ("options", "interval"),
    [({}, "hour"), ({"electricity_price_interval": "quarter_hourly"}, "quarter")],
)
async def test_energyzero(
    foreign: Foreign, options: dict[str, str], interval: str
) -> None:
    """It is asked for prices as long as those that it shows; it refuses days without."""

    def answer(data: Any) -> ServiceResponse:
        if data["start"] != TODAY:
            raise ServiceValidationError("No prices for 2026-11-23")
        return {
            "prices": [
                {
                    "price": 0.1 * (hour + 1),
                    "timestamp": f"2026-11-21 {23 + hour}:00:00+00:00",
                    "start": str(MIDNIGHT + hour * HOUR),
                    "end": str(MIDNIGHT + (hour + 1) * HOUR),
                }
                for hour in range(2)
            ]
        }

    entry = foreign.entry("energyzero")
    foreign.hass.config_entries.async_update_entry(entry, options=options)
    calls = foreign.answers("energyzero.get_energy_prices", answer)
    provider = provider_of(
        foreign.hass,
        source("energyzero", config_entry=entry.entry_id, value_key="all_in"),
        price_sensor(),
    )

    assert await provider.async_read() == Foreseen(steps(0, 0.1, 0.2), "EUR/kWh", NOW)
    assert calls == [
        {
            "config_entry": entry.entry_id,
            "start": day,
            "end": day,
            "incl_vat": True,
            "price_type": "all_in",
            "interval": interval,
        }
        for day in (TODAY, TOMORROW)
    ]


USED: Json = {"incl_vat": True, "price_type": "market"}


@pytest.mark.parametrize(
    ("key", "action", "asked"),
    [
        ("usage", "usage", USED),
        ("invoice", "usage", USED | {"price_type": "invoice"}),
        ("return", "return", {}),
    ],
)
@pytest.mark.parametrize(
    ("resolution", "granularity"), [(HOUR, "hour"), (HOUR / 4, "quarter")]
)
async def test_easyenergy(
    foreign: Foreign,
    key: str,
    action: str,
    asked: Json,
    resolution: timedelta,
    granularity: str,
) -> None:
    """What is used and what is returned have prices of their own."""
    entry = foreign.entry("easyenergy")
    calls = foreign.answers(
        f"easyenergy.get_energy_{action}_prices",
        lambda data: {
            "prices": [
                {
                    "timestamp": str(date.fromisoformat(data["start"]))
                    + f" {hour:02}:00:00+01:00",
                    "price": 0.1 + hour,
                }
                for hour in range(24)
            ]
        },
    )
    provider = provider_of(
        foreign.hass,
        source("easyenergy", config_entry=entry.entry_id, value_key=key),
        price_sensor(resolution),
    )

    read = await provider.async_read()

    assert read.unit == "EUR/kWh"
    assert read.steps == steps(0, *(0.1 + hour % 24 for hour in range(48)))
    assert calls == [
        {
            "config_entry": entry.entry_id,
            "start": day,
            "end": day,
            "granularity": granularity,
            **asked,
        }
        for day in (TODAY, TOMORROW)
    ]


@pytest.mark.parametrize("provider", ["nordpool", "tibber", "solar_forecast", "other"])
async def test_an_integration_that_is_gone(foreign: Foreign, provider: str) -> None:
    with pytest.raises(ProviderGoneError):
        provider_of(foreign.hass, source(provider, config_entry="gone"), price_sensor())
