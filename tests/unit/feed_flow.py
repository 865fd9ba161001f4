"""Walking through the flow of a feed, in a home that measures much."""

from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_FEED
from custom_components.flexmeasures.feeds.settings import FeedSettings, MeasuredSource
from homeassistant.config_entries import ConfigSubentry, ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from .fake_server import EMAIL, URL_OF_SERVER, FakeServer
from .flows import ACCOUNT, Json, Result, choose, start_feed, submit, suggested

ENERGY = 50  # kWh, hourly
TEMPERATURE = 51  # °C, 15 minutes
OWN_PRICE = 52  # EUR/MWh, hourly
HUMIDITY = 53  # %, hourly
READING = 54  # kWh, instantaneous
IN_USE = 55  # %, instantaneous
DAILY = 56  # kWh, daily

POWER = "sensor.power"
COUNTER = "sensor.counter"


async def measuring_home(
    hass: HomeAssistant, fake_server: FakeServer
) -> MockConfigEntry:
    """An account, in a home that measures much."""
    await hass.config.async_set_time_zone("Europe/Amsterdam")
    for sensor_id, sensor_name, sensor_unit, resolution in (
        (ENERGY, "energy used", "kWh", "PT1H"),
        (TEMPERATURE, "cellar temperature", "°C", "PT15M"),
        (OWN_PRICE, "my price", "EUR/MWh", "PT1H"),
        (HUMIDITY, "cellar humidity", "%", "PT1H"),
        (READING, "meter", "kWh", "P0D"),
        (IN_USE, "in use", "%", "P0D"),
        (DAILY, "energy of days", "kWh", "P1D"),
    ):
        fake_server.add_sensor(sensor_id, sensor_name, sensor_unit, resolution)
    measured = {"state_class": "measurement"}
    entities: tuple[tuple[str, str, str, str | None, Json], ...] = (
        (POWER, "1234", "Power", "W", {"device_class": "power", **measured}),
        (
            COUNTER,
            "4567.8",
            "Counter",
            "kWh",
            {"device_class": "energy", "state_class": "total_increasing"},
        ),
        ("sensor.level", "40", "Level", "%", {"device_class": "battery", **measured}),
        ("sensor.silent", "unavailable", "Silent", "W", {"device_class": "power"}),
        ("sensor.text", "hello", "Text", None, {}),
        ("sensor.nameless", "3", "Nameless", None, {}),
        ("input_number.guess", "2.5", "Guess", "kW", {"min": 0, "max": 10, "step": 1}),
        ("binary_sensor.boiler", "on", "Boiler", None, {"device_class": "heat"}),
        (
            "device_tracker.car",
            "home",
            "Car",
            None,
            {"battery_level": 71, "is_charging": True},
        ),
        (
            "climate.home",
            "heat",
            "Thermostat",
            None,
            {"current_temperature": 20.5, "valve": 30, "hvac_action": "heating"},
        ),
        (
            "weather.home",
            "sunny",
            "Weather",
            None,
            {"temperature": 50, "temperature_unit": "°F", "wind_bearing": 90.0},
        ),
    )
    for entity_id, state, name, unit, more in entities:
        attributes: Json = {"friendly_name": name, **more}
        if unit is not None:
            attributes["unit_of_measurement"] = unit
        hass.states.async_set(entity_id, state, attributes)
    return await add_account(hass)


async def add_account(
    hass: HomeAssistant, *subentries: ConfigSubentryData
) -> MockConfigEntry:
    """An account that is set up."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=EMAIL,
        unique_id=f"{URL_OF_SERVER}#1",
        data=ACCOUNT,
        subentries_data=subentries,
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


async def start_entity(
    hass: HomeAssistant, entry: MockConfigEntry, entity: str, sensor: int | str
) -> Result:
    """Choose an entity and a FlexMeasures sensor."""
    flow = await choose(hass, await start_feed(hass, entry), "entity")
    assert flow["step_id"] == "entity"
    return await submit(hass, flow, {"entity": entity, "sensor": str(sensor)})


async def fill_in(
    hass: HomeAssistant, flow: Result, *cleared: str, **changes: Any
) -> Result:
    """Go on with what the form shows, but for some changes."""
    values = {**suggested(flow), **changes}
    values = {
        key: value
        for key, value in values.items()
        if value is not None and key not in cleared
    }
    if "advanced" in flow["data_schema"].schema:
        values["advanced"] = {"least_share": values.pop("least_share")}
    return await submit(hass, flow, values)


async def add(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    entity: str,
    sensor: int,
    **changes: Any,
) -> ConfigSubentry:
    """Add a feed, looking again at what was changed."""
    flow = await start_entity(hass, entry, entity, sensor)
    assert not flow["errors"], flow["errors"]
    assert flow["step_id"] == "measured"
    flow = await fill_in(hass, flow, **changes)
    if changes.keys() & {"attribute", "unit", "invert", "capacity"}:
        flow = await fill_in(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY, flow.get("errors")
    return only_feed(entry)


def only_feed(entry: MockConfigEntry) -> ConfigSubentry:
    """The one feed."""
    (feed,) = entry.get_subentries_of_type(SUBENTRY_FEED)
    return feed


def preview(flow: Result) -> str:
    """What would be sent."""
    text: str = flow["description_placeholders"]["preview"]
    return text


def source_of(feed: ConfigSubentry) -> MeasuredSource:
    """The source, as the engine reads it."""
    source = FeedSettings.from_subentry(feed.data).source
    assert isinstance(source, MeasuredSource)
    return source
