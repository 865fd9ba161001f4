"""What the pages of devices, feeds and meters say in Home Assistant."""

import pytest

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.const import CONF_HOST
from homeassistant.helpers import device_registry as dr

from .fake_server import (
    BATTERY,
    BATTERY_POWER,
    CONSUMPTION,
    GARAGE_POWER,
    NEIGHBOUR_POWER,
    URL_OF_SERVER,
)
from .feeds.fed_home import feed
from .home import MINUTE, NOW, QUARTER, Home, device, meter


def page(home: Home, subentry_id: str = str(BATTERY_POWER)) -> dr.DeviceEntry:
    """Give what Home Assistant has of a page."""
    found = dr.async_get(home.hass).async_get_device_by_identifier(
        (DOMAIN, subentry_id), home.entry.entry_id
    )
    assert isinstance(found, dr.DeviceEntry)
    return found


def shown(home: Home, subentry_id: str = str(BATTERY_POWER)) -> tuple[object, ...]:
    """Give what it says of the server's side."""
    found = page(home, subentry_id)
    return found.model, found.configuration_url


UNKNOWN_ASSET = 9999
BATTERY_SHOWN = ("Battery", f"{URL_OF_SERVER}/assets/{BATTERY}")


def has_type(home: Home, name: str) -> None:
    """Let the server say of which type the battery is."""
    home.server.assets[BATTERY]["generic_asset_type"] = {"id": 5, "name": name}


async def test_device(home: Home) -> None:
    """It is a thing, and the page of its asset is one click away."""
    has_type(home, "battery")
    await home.set_up()

    assert shown(home) == BATTERY_SHOWN
    assert page(home).entry_type is None
    assert page(home).manufacturer is None
    assert page(home).name == "Home battery"


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("solar", "Solar panels"),
        ("wind", "Wind turbine"),
        ("one-way_evse", "Electric car"),
        ("two-way_evse", "Electric car"),
        ("heat-storage", "Heat pump or hot water"),
        ("process", "Appliance"),
        ("building", "Building"),
        ("household", "Building"),
        ("electrolyser", "electrolyser"),
    ],
)
async def test_model(home: Home, name: str, model: str) -> None:
    """By the asset's type; one that only this server has is called what it is called there."""
    has_type(home, name)

    await home.set_up()

    assert page(home).model == model


async def test_model_in_the_language_of_home_assistant(home: Home) -> None:
    home.hass.config.language = "nl"
    has_type(home, "heat-storage")

    await home.set_up()

    assert page(home).model == "Warmtepomp of warm water"


async def test_server_under_a_path(home: Home) -> None:
    home.server.root = "/energy"
    address = f"{URL_OF_SERVER}/energy"

    await home.set_up(device(), feed(), meter(), **{CONF_HOST: address})

    assert page(home).configuration_url == f"{address}/assets/{BATTERY}"
    for subentry_id in (f"feed_{CONSUMPTION}", f"meter_{CONSUMPTION}"):
        url = page(home, subentry_id).configuration_url
        assert url == f"{address}/sensors/{CONSUMPTION}"


async def test_server_that_is_away_at_set_up(home: Home) -> None:
    """What is not known comes when it is, without a reload."""
    has_type(home, "battery")
    home.add_account()
    home.remembers(*[1.0] * 16)
    home.server.fail(ConnectionError())
    await home.start()
    assert shown(home) == (None, None)

    home.server.recover()
    await home.go_to(NOW + MINUTE)

    assert shown(home) == BATTERY_SHOWN


async def test_restart_while_the_server_is_away(home: Home) -> None:
    """What was known stays."""
    has_type(home, "battery")
    home.has_planned(*[1.0] * 8)
    await home.set_up()
    home.server.fail(ConnectionError())

    await home.reload()

    assert shown(home) == BATTERY_SHOWN


async def test_page_from_before(home: Home) -> None:
    """What an earlier version has called a service is a device."""
    has_type(home, "battery")
    entry = home.add_account()
    dr.async_get(home.hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        config_subentry_id=str(BATTERY_POWER),
        identifiers={(DOMAIN, str(BATTERY_POWER))},
        entry_type=dr.DeviceEntryType.SERVICE,
        manufacturer="FlexMeasures",
        name="Home battery",
    )
    before = page(home).id

    await home.start()

    assert page(home).id == before
    assert page(home).entry_type is None
    assert page(home).manufacturer is None
    assert shown(home) == BATTERY_SHOWN


async def test_another_type(home: Home) -> None:
    """What the server says later holds."""
    has_type(home, "building")
    await home.set_up(device(update_interval=900))
    assert page(home).model == "Building"

    has_type(home, "battery")
    await home.go_to(NOW + QUARTER)

    assert page(home).model == "Battery"


async def test_device_that_is_added(home: Home) -> None:
    """The catalogue was read just before."""
    await home.set_up()

    home.add_device(device(GARAGE_POWER))
    await home.settle()

    assert page(home, str(GARAGE_POWER)).model == "Building"


async def test_asset_that_the_account_cannot_see(home: Home) -> None:
    """There is no page to link to."""
    home.server.sensors[BATTERY_POWER]["generic_asset_id"] = UNKNOWN_ASSET
    home.add_account()
    home.remembers(*[1.0] * 16)

    await home.start()

    assert shown(home) == (None, None)


async def test_feed(home: Home) -> None:
    """It tells which FlexMeasures sensor it fills, and links to it."""
    await home.set_up(device(), feed())

    assert shown(home, f"feed_{CONSUMPTION}") == (
        "Feed to Demo house: household consumption",
        f"{URL_OF_SERVER}/sensors/{CONSUMPTION}",
    )
    shown_page = page(home, f"feed_{CONSUMPTION}")
    assert shown_page.entry_type is dr.DeviceEntryType.SERVICE
    assert shown_page.manufacturer == "FlexMeasures"


async def test_feed_to_a_sensor_that_the_account_cannot_see(home: Home) -> None:
    await home.set_up(device(), feed(NEIGHBOUR_POWER))

    assert shown(home, f"feed_{NEIGHBOUR_POWER}") == (
        None,
        f"{URL_OF_SERVER}/sensors/{NEIGHBOUR_POWER}",
    )


@pytest.mark.parametrize(
    ("commodity", "model"),
    [("electricity", "Electricity meter"), ("gas", "Gas meter")],
)
async def test_meter(home: Home, commodity: str, model: str) -> None:
    """It links to what it was consumed by."""
    await home.set_up(device(), meter(commodity=commodity))

    subentry_id = f"meter_{CONSUMPTION}"
    assert shown(home, subentry_id) == (
        model,
        f"{URL_OF_SERVER}/sensors/{CONSUMPTION}",
    )
    assert page(home, subentry_id).entry_type is dr.DeviceEntryType.SERVICE
