"""The temperature of a tank, as what it holds."""

from datetime import timedelta
from typing import Any

import pytest

from ..fake_server import BATTERY_SOC, CABIN_SOC
from ..home import HOUR, MINUTE, NOW, QUARTER, SLOT
from .fed_home import FedHome, feed

SENSOR = "sensor.tank"
HEATER = "water_heater.tank"
CELSIUS: dict[str, Any] = {"unit_of_measurement": "°C", "device_class": "temperature"}
FIVE = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_before_all: None, enable_custom_integrations: None
) -> None:
    """Start the recorder before Home Assistant."""


def tank(sensor: int = BATTERY_SOC, **settings: Any) -> Any:
    """Make a feed of a tank's level."""
    return feed(
        sensor,
        "Tank",
        **{
            "entity": SENSOR,
            "method": "level",
            "unit": "°C",
            "capacity": 10,
            "empty_temperature": 40,
            "full_temperature": 60,
            **settings,
        },
    )


def quarters(fed: FedHome, sensor: int = BATTERY_SOC) -> list[float | None]:
    """What the server has at the beginning of each quarter of the last hour."""
    posted = fed.posted(sensor)
    return [posted.get(SLOT - HOUR + index * QUARTER) for index in range(4)]


async def test_what_was_recorded(fed: FedHome) -> None:
    """Each degree is as much; beyond what is usable there is nothing more, or less."""
    await fed.has_measured(30, 45, 58, 71, 50, entity_id=SENSOR, **CELSIUS)
    await fed.home.set_up(tank())

    assert quarters(fed) == [0, 2.5, 9, 10]
    assert fed.state("last_error", BATTERY_SOC).state == "none"


async def test_in_percent(fed: FedHome) -> None:
    """A share is one of the usable range."""
    await fed.has_measured(30, 45, 58, 71, 50, entity_id=SENSOR, **CELSIUS)
    await fed.home.set_up(tank(CABIN_SOC))

    assert quarters(fed, CABIN_SOC) == [0, 25, 90, 100]


async def test_fahrenheit(fed: FedHome) -> None:
    """An entity may show another unit by now than when the feed was added."""
    await fed.has_measured(
        113, 131, entity_id=SENSOR, **{**CELSIUS, "unit_of_measurement": "°F"}
    )
    await fed.home.set_up(tank())

    assert quarters(fed) == pytest.approx([2.5, 7.5, 7.5, 7.5])


async def test_what_is_not_known(fed: FedHome) -> None:
    """No tank is so cold or so hot, and nothing is sent of what is unavailable."""
    await fed.has_measured(
        50, -127, "unavailable", 151, 50, entity_id=SENSOR, **CELSIUS
    )
    await fed.home.set_up(tank())

    assert quarters(fed) == [5, None, None, None]
    assert fed.posted(BATTERY_SOC)[SLOT] == 5


async def test_thermostat(fed: FedHome) -> None:
    """The attribute is sent, whatever the state is."""
    await fed.recorded.states(
        HEATER,
        [
            (SLOT - HOUR + index * QUARTER, state, {"current_temperature": value})
            for index, (state, value) in enumerate(
                (("eco", 45), ("off", 50.5), ("eco", None), ("unavailable", 50))
            )
        ],
    )
    await fed.home.set_up(tank(entity=HEATER, attribute="current_temperature"))

    assert quarters(fed) == [2.5, 5.25, None, None]


async def test_it_goes_on(fed: FedHome) -> None:
    """A new level is sent as it comes, each five minutes to a sensor of instants."""
    await fed.has_measured(50, entity_id=SENSOR, **CELSIUS)
    await fed.home.set_up(tank())
    fed.hass.states.async_set(SENSOR, "55", CELSIUS)
    await fed.home.go_to(NOW + 4 * MINUTE)

    assert fed.posted(BATTERY_SOC)[SLOT + 2 * FIVE] == 7.5


async def test_other_temperatures(fed: FedHome) -> None:
    """What was sent is corrected, as far as it is recorded."""
    await fed.has_measured(50, entity_id=SENSOR, **CELSIUS)
    await fed.home.set_up(tank())
    assert quarters(fed) == [5, 5, 5, 5]
    changed = tank()["data"] | {"empty_temperature": 30}
    fed.hass.config_entries.async_update_subentry(
        fed.home.entry, fed.home.entry.subentries[f"feed_{BATTERY_SOC}"], data=changed
    )
    await fed.home.settle()
    await fed.home.go_to(NOW + 3 * MINUTE)

    assert quarters(fed) == pytest.approx([20 / 3] * 4)


@pytest.mark.parametrize("key", ["empty_temperature", "full_temperature"])
async def test_not_known_what_it_means(fed: FedHome, key: str) -> None:
    """A feed that no form has made says what it lacks."""
    await fed.has_measured(50, entity_id=SENSOR, **CELSIUS)
    data = {name: value for name, value in tank()["data"].items() if name != key}
    await fed.home.set_up(tank() | {"data": data})

    assert fed.posts == []
    state = fed.state("last_error", BATTERY_SOC)
    assert state.state == "no_values"
    assert state.attributes["message"].startswith("Enter both temperatures")
