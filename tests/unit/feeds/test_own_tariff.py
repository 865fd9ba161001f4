"""The tariff that the user has told, for the days to come."""

from typing import Any

import pytest

from custom_components.flexmeasures.feeds.errors import EntityGoneError
from custom_components.flexmeasures.feeds.foreseen.errors import (
    ProviderFailedError,
    TariffRulePriceError,
)
from custom_components.flexmeasures.feeds.foreseen.providers import (
    Foreseen,
    Provider,
    provider_of,
)
from custom_components.flexmeasures.feeds.settings import TariffSource
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..home import NOW, Home
from .foreign import DAY, HOUR, MIDNIGHT, Foreign, Told, price_sensor

SUNDAYS = {"price": 0.2, "weekdays": ["sun"]}
WORKDAY = "binary_sensor.workday_sensor"


def tariff(
    hass: HomeAssistant,
    *rules: dict[str, Any],
    unit: str = "EUR/kWh",
    workday: str | None = None,
) -> Provider:
    return provider_of(hass, TariffSource(0.3, unit, rules, workday), price_sensor())


async def test_the_tariff_of_eight_days(home: Home) -> None:
    """From midnight on; the first is a Sunday."""
    assert await tariff(home.hass, SUNDAYS).async_read() == Foreseen(
        (
            (MIDNIGHT, 0.2),
            (MIDNIGHT + DAY, 0.3),
            (MIDNIGHT + 7 * DAY, 0.2),
            (MIDNIGHT + 8 * DAY, None),
        ),
        "EUR/kWh",
        NOW,
    )


async def test_the_unit_is_written_as_usual(home: Home) -> None:
    assert (await tariff(home.hass, unit="cents/kwh").async_read()).unit == "ct/kWh"
    assert (await tariff(home.hass, unit="Taler").async_read()).unit == "Taler"


async def test_it_is_renewed_at_midnight(home: Home) -> None:
    provider = tariff(home.hass, SUNDAYS)
    told = Told(provider)

    await home.go_to(MIDNIGHT + DAY - HOUR / 60)
    assert told.times == 0
    await home.go_to(MIDNIGHT + DAY)
    assert told.times == 1
    read = await provider.async_read()
    assert read.steps[0] == (MIDNIGHT + DAY, 0.3)
    assert read.known_at == MIDNIGHT + DAY
    await home.go_to(MIDNIGHT + 2 * DAY)
    assert told.times == 2

    told.stop()
    await home.go_to(MIDNIGHT + 3 * DAY)
    assert told.times == 2


async def test_a_rule_that_cannot_be_read(home: Home) -> None:
    with pytest.raises(TariffRulePriceError):
        tariff(home.hass, {"weekdays": ["sun"]})


def workday(home: Home, *holidays: str) -> tuple[str, list[dict[str, Any]]]:
    """Set up the Workday integration; return its sensor, and how it is asked."""
    foreign = Foreign(home.hass)
    key = foreign.entity(foreign.entry("workday"), WORKDAY, "off")
    calls = foreign.answers(
        "workday.check_date",
        lambda data: {
            data["entity_id"]: {"workday": data["check_date"] not in holidays}
        },
    )
    return key, calls


async def test_holidays_count_as_sundays(home: Home) -> None:
    """Also their evenings, into the next day; of weekends it does not matter."""
    key, calls = workday(home, "2026-11-25")
    night = {"price": 0.1, "weekdays": ["sun"], "from": "20:00", "until": "06:00"}
    provider = tariff(home.hass, night, SUNDAYS, workday=key)

    assert (await provider.async_read()).steps == (
        (MIDNIGHT, 0.2),
        (MIDNIGHT + 20 * HOUR, 0.1),
        (MIDNIGHT + 30 * HOUR, 0.3),
        (MIDNIGHT + 3 * DAY, 0.2),
        (MIDNIGHT + 3 * DAY + 20 * HOUR, 0.1),
        (MIDNIGHT + 3 * DAY + 30 * HOUR, 0.3),
        (MIDNIGHT + 7 * DAY, 0.2),
        (MIDNIGHT + 7 * DAY + 20 * HOUR, 0.1),
        (MIDNIGHT + 8 * DAY, None),
    )
    assert [call["check_date"] for call in calls] == [
        f"2026-11-{day}" for day in (23, 24, 25, 26, 27)
    ]


async def test_holidays_are_asked_for_again_when_they_may_be_others(
    home: Home,
) -> None:
    """Also of a sensor that is called otherwise now."""
    key, _ = workday(home)
    told = Told(tariff(home.hass, SUNDAYS, workday=key))
    foreign = Foreign(home.hass)

    foreign.show(WORKDAY, "on")
    await home.go_to(NOW + HOUR / 60)
    assert told.times == 1
    foreign.rename(WORKDAY, "binary_sensor.works")
    await home.go_to(NOW + HOUR / 30)
    foreign.show("binary_sensor.works", "off")
    await home.go_to(NOW + HOUR / 20)
    assert told.times == 3
    told.stop()


async def test_a_workday_sensor_that_cannot_be_asked(home: Home) -> None:
    """It is not set up yet, is another sensor, or was removed."""
    key, _ = workday(home)
    provider = tariff(home.hass, SUNDAYS, workday=key)
    told = Told(provider)

    home.hass.services.async_remove("workday", "check_date")
    with pytest.raises(ProviderFailedError):
        await provider.async_read()
    Foreign(home.hass).answers("workday.check_date", lambda _: {})
    with pytest.raises(EntityGoneError):
        await provider.async_read()

    er.async_get(home.hass).async_remove(WORKDAY)
    await home.settle()
    with pytest.raises(EntityGoneError):
        await provider.async_read()
    with pytest.raises(EntityGoneError):
        tariff(home.hass, SUNDAYS, workday=key)
    told.stop()
