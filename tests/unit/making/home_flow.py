"""Walking through the steps that make a home, in an account that has nothing."""

from typing import Any

from custom_components.flexmeasures.const import SUBENTRY_DEVICE, SUBENTRY_FEED
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from ..fake_server import GARAGE_POWER, FakeServer
from ..flows import checked, choose, start_home, submit
from ..home import Home, device

type Result = Any
type Json = dict[str, Any]

LEVEL = "sensor.powerwall_level"
BATTERY = {"soc_entity": LEVEL, "capacity": 13.5, "power": 5.0, "lowest": 10}
FIXED = {"consumption_price": "fixed", "production_price": "same"}


def empty_account(server: FakeServer) -> None:
    """Let the account have nothing; what is public stays."""
    for asset_id, asset in list(server.assets.items()):
        if asset["account_id"] is not None:
            del server.assets[asset_id]
    for sensor_id, sensor in list(server.sensors.items()):
        if sensor["generic_asset_id"] not in server.assets:
            del server.sensors[sensor_id]


def have(hass: HomeAssistant, entity_id: str, value: Any, **attributes: Any) -> str:
    """Let Home Assistant have an entity."""
    hass.states.async_set(entity_id, str(value), attributes)
    return entity_id


def have_level(hass: HomeAssistant, value: Any = 52) -> None:
    """Let there be an entity that says how full a battery is."""
    have(
        hass,
        LEVEL,
        value,
        unit_of_measurement="%",
        device_class="battery",
        friendly_name="Powerwall level",
    )


async def start(home: Home, *options: str, **login: str) -> Result:
    """Add an account that has nothing, and choose from the menus of its first device."""
    empty_account(home.server)
    home.add_account(**login)
    home.entry.subentries = type(home.entry.subentries)({})
    await home.start()
    flow = await start_home(home.hass, home.entry)
    for option in options:
        flow = await choose(home.hass, flow, option)
    return flow


async def have_garage(home: Home) -> None:
    """Let the account have a device, and its owner have decided that others are planned with it."""
    await home.set_up(device(GARAGE_POWER))
    home.hass.config_entries.async_update_entry(
        home.entry, options={"joint_scheduling": True}
    )
    await home.settle()


async def walk(home: Home, flow: Result, *inputs: Json) -> Result:
    """Fill in one form after the other, and wait for what is then done."""
    for values in inputs:
        flow = await submit(home.hass, flow, values)
    manager = home.hass.config_entries.subentries
    while flow["type"] is FlowResultType.SHOW_PROGRESS:
        await home.settle()
        flow = checked(await manager.async_configure(flow["flow_id"]))
    return flow


def devices(home: Home) -> list[ConfigSubentry]:
    """The devices of the account."""
    return home.entry.get_subentries_of_type(SUBENTRY_DEVICE)


def feeds(home: Home) -> dict[str, Json]:
    """What is sent, by the names of the sensors."""
    return {
        home.server.sensors[feed.data["sensor"]]["name"]: dict(feed.data)
        for feed in home.entry.get_subentries_of_type(SUBENTRY_FEED)
    }


def made(home: Home, asset_type: str) -> Json:
    """The only asset of a type that the account has."""
    (asset,) = [
        asset
        for asset in home.server.assets.values()
        if asset["account_id"] is not None
        and asset["generic_asset_type"]["name"] == asset_type
    ]
    return asset


def sensor_of(home: Home, asset: Json, name: str) -> int:
    """The id of an asset's sensor."""
    (sensor_id,) = [
        sensor["id"]
        for sensor in home.server.sensors.values()
        if sensor["generic_asset_id"] == asset["id"] and sensor["name"] == name
    ]
    return int(sensor_id)


def option(flow: Result, field: str, value: str) -> str:
    """What an option of a field is called."""
    selector = flow["data_schema"].schema[field]
    labels = {each["value"]: each["label"] for each in selector.config["options"]}
    return str(labels[value])
