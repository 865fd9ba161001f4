"""The flow that adds a feed to an account, and changes one."""

import asyncio
from datetime import datetime
from types import MappingProxyType
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_DEVICE, SUBENTRY_FEED
from custom_components.flexmeasures.feeds.settings import FeedSettings, Method
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
)
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er

from .fake_server import (
    BATTERY_POWER,
    BATTERY_SOC,
    CABIN_SOC,
    CONSUMPTION,
    GARAGE,
    GARAGE_POWER,
    HOUSE,
    NEIGHBOUR_POWER,
    PRICE,
    UNKNOWN_SENSOR,
    FakeServer,
)
from .feed_flow import (
    COUNTER,
    DAILY,
    ENERGY,
    HUMIDITY,
    IN_USE,
    OWN_PRICE,
    POWER,
    READING,
    TEMPERATURE,
    add,
    fill_in,
    measuring_home,
    only_feed,
    preview,
    source_of,
    start_entity,
)
from .flows import (
    Json,
    Result,
    choose,
    fields,
    said,
    start_change,
    start_feed,
    submit,
    submit_settings,
    suggested,
)
from .home import HOUR, NOW

pytestmark = pytest.mark.usefixtures("no_secret_logged")


@pytest.fixture
async def account(
    hass: HomeAssistant, fake_server: FakeServer, freezer: FrozenDateTimeFactory
) -> MockConfigEntry:
    """An account, in a home that measures much."""
    freezer.move_to(NOW)
    return await measuring_home(hass, fake_server)


async def test_power(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A power is sent as the mean of each interval, in the sensor's unit."""
    flow = await start_entity(hass, account, POWER, BATTERY_POWER)

    assert preview(flow).split("\n\n") == [
        "**Power** shows 1234 W now.",
        (
            "For each 15 min, FlexMeasures gets the mean. Now, that would be 1.234 kW. "
            "What is positive here counts as consumption."
        ),
        "Home Assistant does not record it: after an outage, what was not sent is lost.",
    ]
    flow = await fill_in(hass, flow)

    assert flow["type"] is FlowResultType.CREATE_ENTRY
    feed = only_feed(account)
    assert feed.title == "Power"
    assert feed.unique_id == f"feed {BATTERY_POWER}"
    assert feed.data == {
        "kind": "measured",
        "sensor": BATTERY_POWER,
        "entity": POWER,
        "method": "mean",
        "unit": "W",
        "invert": False,
        "least_share": 80,
    }


async def test_production(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """What is said of the sign is shown before it is saved."""
    flow = await start_entity(hass, account, POWER, GARAGE_POWER)
    assert "Now, that would be -1234 W." in preview(flow)

    flow = await fill_in(hass, flow, invert=True, name="Solar", least_share=50)

    assert flow["type"] is FlowResultType.FORM
    assert flow["errors"] == {}
    assert "Now, that would be 1234 W." in preview(flow)
    assert "counts as production" in preview(flow)
    assert "**This has changed.**" in preview(flow)
    assert suggested(flow)["name"] == "Solar"
    assert suggested(flow)["least_share"] == 50

    await fill_in(hass, flow)
    feed = only_feed(account)
    assert feed.title == "Solar"
    assert feed.data["invert"] is True
    assert source_of(feed).least_share == 0.5


@pytest.mark.parametrize("state", ["0", "0.0000001"])
async def test_nothing_is_no_less_than_nothing(
    hass: HomeAssistant, account: MockConfigEntry, state: str
) -> None:
    """At night, what is produced is 0 and not -0."""
    hass.states.async_set("sensor.sun_power", state, {"unit_of_measurement": "W"})

    flow = await start_entity(hass, account, "sensor.sun_power", GARAGE_POWER)

    assert "Now, that would be 0 W." in preview(flow)


async def test_solar_panels(
    hass: HomeAssistant, account: MockConfigEntry, fake_server: FakeServer
) -> None:
    """What is sent to a sensor of theirs is production, unless that is switched off."""
    fake_server.assets[61] = {
        **fake_server.assets[HOUSE],
        "id": 61,
        "name": "Roof",
        "generic_asset_type": {"name": "solar"},
    }
    fake_server.add_sensor(60, "power", "kW", "PT15M", 61)
    flow = await start_entity(hass, account, POWER, 60)

    assert suggested(flow)["invert"] is True
    assert "Now, that would be 1.234 kW." in preview(flow)

    flow = await fill_in(hass, flow, invert=False)
    assert "Now, that would be -1.234 kW." in preview(flow)


@pytest.mark.parametrize(
    ("entity", "sensor"),
    [
        ("binary_sensor.boiler", HUMIDITY),
        ("sensor.level", BATTERY_SOC),
        (COUNTER, READING),
        ("climate.home", TEMPERATURE),
    ],
)
async def test_no_direction(
    hass: HomeAssistant, account: MockConfigEntry, entity: str, sensor: int
) -> None:
    """What is neither consumed nor produced has no sign to tell."""
    flow = await start_entity(hass, account, entity, sensor)

    assert "invert" not in fields(flow)
    assert "counts as" not in preview(flow)


async def test_direction_is_no_more(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """A sign that was told does not hold for a source that has none."""
    feed = await add(hass, account, POWER, BATTERY_POWER, invert=True)
    flow = await start_change(hass, account, feed)
    flow = await submit(
        hass, flow, {"entity": "binary_sensor.boiler", "sensor": str(HUMIDITY)}
    )
    assert "Now, that would be 100 %." in preview(flow)

    await fill_in(hass, flow)
    assert only_feed(account).data["invert"] is False


async def test_counter(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Of a counter it is sent by how much it has risen."""
    flow = await start_entity(hass, account, COUNTER, ENERGY)

    assert (
        "For each 1 h, FlexMeasures gets by how much it has risen. "
        "1 kWh becomes 1 kWh." in preview(flow)
    )
    assert "least_share" not in suggested(flow)
    feed = await fill_in(hass, flow)
    assert only_feed(account).data == {
        "kind": "measured",
        "sensor": ENERGY,
        "entity": COUNTER,
        "method": "difference",
        "unit": "kWh",
        "invert": False,
    }
    assert feed["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("entity", "sensor"), [(POWER, CONSUMPTION), (POWER, ENERGY), (COUNTER, ENERGY)]
)
async def test_daily_forecast(
    hass: HomeAssistant, account: MockConfigEntry, entity: str, sensor: int
) -> None:
    """What nobody plans can be forecast; that changes nothing of what is sent."""
    flow = await start_entity(hass, account, entity, sensor)
    assert suggested(flow)["daily_forecast"] is False
    await fill_in(hass, flow, daily_forecast=True)
    assert only_feed(account).data["daily_forecast"] is True
    assert FeedSettings.from_subentry(only_feed(account).data).has_daily_forecast

    flow = await start_change(hass, account, only_feed(account))
    flow = await submit(hass, flow, {"entity": entity, "sensor": str(sensor)})
    assert suggested(flow)["daily_forecast"] is True
    await fill_in(hass, flow, daily_forecast=False)
    assert "daily_forecast" not in only_feed(account).data


@pytest.mark.parametrize(
    ("entity", "sensor"),
    [
        (POWER, GARAGE_POWER),
        (POWER, DAILY),
        (COUNTER, READING),
        ("sensor.level", IN_USE),
        ("climate.home", TEMPERATURE),
        ("binary_sensor.boiler", HUMIDITY),
    ],
)
async def test_no_daily_forecast(
    hass: HomeAssistant,
    account: MockConfigEntry,
    fake_server: FakeServer,
    entity: str,
    sensor: int,
) -> None:
    """Of what is planned, of levels, and of what is no energy."""
    fake_server.assets[GARAGE]["flex_model"] = {"soc-max": "10 kWh"}
    flow = await start_entity(hass, account, entity, sensor)

    assert "daily_forecast" not in fields(flow)


async def test_no_daily_forecast_of_a_device(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Its power is planned, whatever the server says of it."""
    hass.config_entries.async_add_subentry(
        account,
        ConfigSubentry(
            data=MappingProxyType({"power_sensor": CONSUMPTION}),
            subentry_type=SUBENTRY_DEVICE,
            title="House",
            unique_id=str(CONSUMPTION),
        ),
    )
    await hass.async_block_till_done()
    flow = await start_entity(hass, account, POWER, CONSUMPTION)
    assert "daily_forecast" not in fields(flow)


async def test_daily_forecast_is_no_more(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """What was switched on does not hold for a sensor that cannot be forecast."""
    feed = await add(hass, account, POWER, CONSUMPTION, daily_forecast=True)
    flow = await start_change(hass, account, feed)
    flow = await submit(hass, flow, {"entity": POWER, "sensor": str(DAILY)})
    await fill_in(hass, flow)

    assert "daily_forecast" not in only_feed(account).data


async def test_days(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A daily sensor gets what was used each day."""
    flow = await start_entity(hass, account, POWER, DAILY)

    assert "For each 1 d, FlexMeasures gets the mean." in preview(flow)
    assert "Now, that would be 29.616 kWh." in preview(flow)


async def test_reading(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """An instantaneous sensor gets what is shown, each five minutes."""
    flow = await start_entity(hass, account, COUNTER, READING)

    assert "Every 5 min, FlexMeasures gets what it shows at that moment." in preview(
        flow
    )
    await fill_in(hass, flow)
    assert source_of(only_feed(account)).method is Method.LEVEL


async def test_level_in_percent(
    hass: HomeAssistant, account: MockConfigEntry, fake_server: FakeServer
) -> None:
    """A level in % needs a capacity to become an energy."""
    fake_server.assets[3]["flex_model"] = {}
    flow = await start_entity(hass, account, "sensor.level", BATTERY_SOC)
    assert "capacity" in fields(flow)
    assert preview(flow) == "**Level** shows 40 % now."

    flow = await fill_in(hass, flow)
    assert flow["errors"] == {"capacity": "feed_capacity_missing"}

    for capacity in (0, -20):
        flow = await fill_in(hass, flow, capacity=capacity)
        assert flow["errors"] == {"capacity": "feed_capacity_missing"}
    flow = await fill_in(hass, flow, capacity=20000)
    assert flow["errors"] == {"capacity": "energy_large"}
    assert said(flow)["meant_energy"] == "20 kWh"

    flow = await fill_in(hass, flow, capacity=20)
    assert flow["errors"] == {}
    assert "Now, that would be 8 kWh." in preview(flow)
    await fill_in(hass, flow)
    assert FeedSettings.from_subentry(only_feed(account).data).capacity == 20


async def test_capacity_is_known(
    hass: HomeAssistant, account: MockConfigEntry, fake_server: FakeServer
) -> None:
    """What the asset can hold is what 100 % are, by default."""
    fake_server.assets[3]["flex_model"] = {"soc-max": "10 kWh"}

    feed = await add(hass, account, "sensor.level", BATTERY_SOC)

    assert feed.data["capacity"] == 10


async def test_no_capacity_where_it_means_nothing(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """A level in % is one where the sensor has % too."""
    feed = await add(hass, account, "sensor.level", CABIN_SOC)

    assert "capacity" not in feed.data


async def test_share(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Of what is on and off the share of the time is sent.

    It shows what Home Assistant says in place of on, of such a thing.
    """
    flow = await start_entity(hass, account, "binary_sensor.boiler", HUMIDITY)

    assert "**Boiler** shows Hot now." in preview(flow)
    assert "for which share of the time it was on" in preview(flow)
    assert "Now, that would be 100 %." in preview(flow)
    await fill_in(hass, flow)
    assert only_feed(account).data == {
        "kind": "measured",
        "sensor": HUMIDITY,
        "entity": "binary_sensor.boiler",
        "method": "share",
        "invert": False,
        "least_share": 80,
    }


async def test_on_at_a_moment(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """An instantaneous sensor gets 0 or 100 %."""
    feed = await add(hass, account, "binary_sensor.boiler", IN_USE)

    assert feed.data["method"] == "level"
    assert feed.data["unit"] == "dimensionless"


@pytest.mark.parametrize(
    ("entity", "attribute", "sensor", "unit", "sent"),
    [
        ("climate.home", "current_temperature", TEMPERATURE, "°C", "20.5 °C"),
        ("weather.home", "temperature", TEMPERATURE, "°F", "10 °C"),
        ("device_tracker.car", "battery_level", HUMIDITY, "%", "71 %"),
    ],
)
async def test_attribute(
    hass: HomeAssistant,
    account: MockConfigEntry,
    entity: str,
    attribute: str,
    sensor: int,
    unit: str,
    sent: str,
) -> None:
    """An attribute is sent where the state is no number; many say their unit."""
    flow = await start_entity(hass, account, entity, sensor)
    assert "Choose which of its attributes is sent." in preview(flow)

    unchanged = await fill_in(hass, flow)
    assert unchanged["errors"] == {"attribute": "feed_attribute_required"}

    flow = await fill_in(hass, unchanged, attribute=attribute)
    assert flow["errors"] == {}
    assert f"Now, that would be {sent}." in preview(flow)
    assert "unit" not in fields(flow)
    await fill_in(hass, flow)

    feed = only_feed(account)
    assert feed.title.endswith(f": {attribute}")
    assert source_of(feed).attribute == attribute
    assert source_of(feed).unit == unit


async def test_unit_of_an_attribute(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """What nothing tells has to be told."""
    flow = await start_entity(hass, account, "climate.home", HUMIDITY)
    flow = await fill_in(hass, flow, attribute="valve")
    assert flow["errors"] == {"unit": "feed_unit_not_told"}

    flow = await fill_in(hass, flow, unit="hPa")
    assert flow["errors"] == {"unit": "feed_wrong_unit"}
    assert flow["description_placeholders"]["sensor_unit"] == "%"

    flow = await fill_in(hass, flow, unit="%")
    assert "Now, that would be 30 %." in preview(flow)
    await fill_in(hass, flow)
    assert source_of(only_feed(account)).unit == "%"


async def test_no_value_now(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """What is unavailable may be there later."""
    flow = await start_entity(hass, account, "sensor.silent", BATTERY_POWER)

    assert "**Silent** has no value now." in preview(flow)
    assert "Now, that would be" not in preview(flow)
    await fill_in(hass, flow)
    assert source_of(only_feed(account)).method is Method.MEAN


@pytest.mark.parametrize(
    ("entity", "sensor", "field", "error"),
    [
        (POWER, "nonsense", "sensor", "not_a_sensor_id"),
        (POWER, "", "sensor", "not_a_sensor_id"),
        (POWER, UNKNOWN_SENSOR, "sensor", "sensor_not_found"),
        (POWER, NEIGHBOUR_POWER, "sensor", "sensor_of_another_account"),
        (POWER, PRICE, "sensor", "feed_sensor_is_public"),
        (POWER, TEMPERATURE, "entity", "feed_wrong_unit"),
        (COUNTER, BATTERY_POWER, "entity", "feed_counter_for_power"),
        ("sensor.text", BATTERY_POWER, "entity", "feed_entity_without_number"),
        ("sensor.nameless", BATTERY_POWER, "entity", "feed_unit_missing"),
        ("sensor.gone", BATTERY_POWER, "entity", "feed_entity_not_found"),
    ],
)
async def test_what_cannot_be(
    hass: HomeAssistant,
    account: MockConfigEntry,
    entity: str,
    sensor: int | str,
    field: str,
    error: str,
) -> None:
    """What is wrong is told at its field, and what was entered stays."""
    flow = await start_entity(hass, account, entity, sensor)

    assert flow["step_id"] == "entity"
    assert flow["errors"] == {field: error}
    assert suggested(flow) == {"entity": entity, "sensor": str(sensor)}

    flow = await submit(hass, flow, {"entity": POWER, "sensor": str(CONSUMPTION)})
    assert flow["step_id"] == "measured"


async def test_one_feed_for_a_sensor(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """A sensor that has a feed is neither offered nor taken; names differ."""
    await add(hass, account, POWER, BATTERY_POWER)

    flow = await choose(hass, await start_feed(hass, account), "entity")
    offered = fields(flow)["sensor"].config["options"]
    assert "Home battery: battery power (kW)" not in offered
    assert "Demo house: household consumption (kW)" in offered
    assert not any("day-ahead prices" in option for option in offered)
    flow = await submit(hass, flow, {"entity": POWER, "sensor": str(BATTERY_POWER)})
    assert flow["errors"] == {"sensor": "feed_sensor_in_use"}

    flow = await submit(hass, flow, {"entity": POWER, "sensor": str(CONSUMPTION)})
    flow = await fill_in(hass, flow, name=" Power ")
    assert flow["errors"] == {"name": "name_already_used"}
    await fill_in(hass, flow, "name")

    titles = {each.title for each in account.get_subentries_of_type(SUBENTRY_FEED)}
    assert titles == {
        "Power",
        "Demo house: household consumption (kW)",
    }


async def test_own_entities_are_not_offered(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """What the server told is not told to it."""
    registry = er.async_get(hass)
    own = registry.async_get_or_create("sensor", DOMAIN, "own", config_entry=account)

    flow = await choose(hass, await start_feed(hass, account), "entity")

    assert own.entity_id in fields(flow)["entity"].config["exclude_entities"]


async def test_renamed_entity(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """An entity of the registry is kept by what does not change."""
    registry = er.async_get(hass)
    known = registry.async_get_or_create("sensor", "test", "1", suggested_object_id="a")
    attributes = {"unit_of_measurement": "W", "friendly_name": "Pump"}
    hass.states.async_set(known.entity_id, "5", attributes)
    feed = await add(hass, account, known.entity_id, BATTERY_POWER)
    assert feed.data["entity"] == known.id

    registry.async_update_entity(known.entity_id, new_entity_id="sensor.b")
    hass.states.async_set("sensor.b", "5", attributes)
    flow = await start_change(hass, account, feed)

    assert suggested(flow)["entity"] == "sensor.b"


async def test_change(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A feed is changed with what it has as the default."""
    feed = await add(hass, account, POWER, BATTERY_POWER, invert=True, name="Mine")

    flow = await start_change(hass, account, feed)
    assert flow["step_id"] == "entity"
    assert suggested(flow) == {
        "entity": POWER,
        "sensor": "Home battery: battery power (kW)",
    }
    flow = await submit(hass, flow, {**suggested(flow), "sensor": str(CONSUMPTION)})
    assert suggested(flow)["invert"] is True
    assert suggested(flow)["name"] == "Mine"
    flow = await fill_in(hass, flow, least_share=10)

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "reconfigure_successful"
    feed = only_feed(account)
    assert feed.title == "Mine"
    assert feed.unique_id == f"feed {CONSUMPTION}"
    assert feed.data["sensor"] == CONSUMPTION
    assert feed.data["least_share"] == 10


async def test_changed_entity_has_no_such_attribute(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Another entity has other attributes."""
    feed = await add(
        hass, account, "climate.home", TEMPERATURE, attribute="current_temperature"
    )

    flow = await start_change(hass, account, feed)
    flow = await submit(hass, flow, {**suggested(flow), "entity": "weather.home"})

    assert "Choose which of its attributes is sent." in preview(flow)

    hass.states.async_set("climate.other", "heat", {"current_temperature": 18})
    flow = await start_change(hass, account, feed)
    flow = await submit(hass, flow, {**suggested(flow), "entity": "climate.other"})

    assert "Now, that would be 18 °C." in preview(flow)


async def test_other_attribute_of_a_number(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """What an entity shows may not do where one of its attributes does."""
    hass.states.async_set(
        "sensor.heat_pump",
        "1.5",
        {"unit_of_measurement": "kW", "water_temperature": 45.5},
    )
    flow = await start_entity(hass, account, "sensor.heat_pump", TEMPERATURE)
    assert flow["step_id"] == "measured"

    flow = await fill_in(hass, flow)
    assert flow["errors"] == {"attribute": "feed_wrong_unit"}

    flow = await fill_in(hass, flow, attribute="water_temperature")
    assert "Now, that would be 45.5 °C." in preview(flow)


async def test_attribute_of_a_counter(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """A counter may tell the power as an attribute."""
    hass.states.async_set(
        COUNTER,
        "12",
        {
            "unit_of_measurement": "kWh",
            "state_class": "total_increasing",
            "power": 250,
        },
    )
    flow = await start_entity(hass, account, COUNTER, BATTERY_POWER)
    flow = await fill_in(hass, flow)
    assert flow["errors"] == {"attribute": "feed_counter_for_power"}

    flow = await fill_in(hass, flow, attribute="power")
    assert flow["errors"] == {"unit": "feed_unit_not_told"}
    offered = fields(flow)["unit"].config["options"]
    assert offered[:3] == ["kW", "W", "MW"]
    assert "°C" not in offered
    flow = await fill_in(hass, flow, unit="W")
    assert "Now, that would be 0.25 kW." in preview(flow)


async def test_attribute_is_not_there_now(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """A feed can be changed while its entity is unavailable."""
    feed = await add(
        hass, account, "climate.home", TEMPERATURE, attribute="current_temperature"
    )
    hass.states.async_set("climate.home", "unavailable", {})

    flow = await start_change(hass, account, feed)
    flow = await submit(hass, flow, suggested(flow))

    assert "has no value now" in preview(flow)
    assert suggested(flow)["attribute"] == "current_temperature"
    flow = await fill_in(hass, flow, name="Other")
    assert flow["type"] is FlowResultType.ABORT
    assert only_feed(account).title == "Other"
    assert source_of(only_feed(account)).attribute == "current_temperature"


async def test_prices_of_an_entity(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Where a price has to be told its unit, those of its currency are offered."""
    hass.states.async_set("sensor.market", "ok", {"price": 21.5})
    flow = await start_entity(hass, account, "sensor.market", OWN_PRICE)
    flow = await fill_in(hass, flow, attribute="price")
    assert fields(flow)["unit"].config["options"] == [
        "EUR/MWh",
        "cEUR/MWh",
        "EUR/kWh",
        "cEUR/kWh",
    ]

    flow = await fill_in(hass, flow, unit="cEUR/kWh")

    assert "Now, that would be 215 EUR/MWh." in preview(flow)
    assert "counts as" not in preview(flow)


async def test_server_is_away(
    hass: HomeAssistant, account: MockConfigEntry, fake_server: FakeServer
) -> None:
    """Without the server there is nothing to choose from."""
    feed = await add(hass, account, POWER, BATTERY_POWER)
    fake_server.fail(ConnectionError("gone"))

    for flow in (
        await start_feed(hass, account),
        await start_change(hass, account, feed),
    ):
        assert flow["type"] is FlowResultType.ABORT
        assert flow["reason"] == "cannot_connect"


async def have_suggestions(hass: HomeAssistant, account: MockConfigEntry) -> Result:
    """Start to add what is suggested, of sensors that are called as entities are."""
    for kind, unit in (("temperature", "°C"), ("humidity", "%")):
        hass.states.async_set(
            f"sensor.cellar_{kind}",
            "20",
            {
                "friendly_name": f"Cellar {kind}",
                "unit_of_measurement": unit,
                "device_class": kind,
                "state_class": "measurement",
            },
        )
    flow = await choose(hass, await start_feed(hass, account), "suggested")
    assert flow["step_id"] == "suggested"
    return flow


async def test_suggested_of_a_name_that_is_taken(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """A line of the list says it once where to, also if the feed will be called so."""
    await add(hass, account, POWER, BATTERY_POWER, name="Cellar temperature")

    flow = await have_suggestions(hass, account)

    labels = [each["label"] for each in fields(flow)["feeds"].config["options"]]
    assert labels[0].startswith("Cellar temperature → Demo house: cellar temperature ")


async def test_suggested(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """All that is suggested is chosen, each with a reason, and added in one go."""
    flow = await have_suggestions(hass, account)
    assert suggested(flow) == {"feeds": [str(TEMPERATURE), str(HUMIDITY)]}
    labels = [each["label"] for each in fields(flow)["feeds"].config["options"]]
    assert labels[0] == (
        "Cellar temperature → Demo house: cellar temperature (°C): same name"
    )

    flow = await submit(hass, flow, suggested(flow))

    assert flow["type"] is FlowResultType.CREATE_ENTRY
    feeds = account.get_subentries_of_type(SUBENTRY_FEED)
    assert {(feed.title, feed.unique_id) for feed in feeds} == {
        ("Cellar temperature", f"feed {TEMPERATURE}"),
        ("Cellar humidity", f"feed {HUMIDITY}"),
    }
    flow = await start_feed(hass, account)
    assert "suggested" not in flow["menu_options"]


async def test_some_of_the_suggested(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """What is not chosen is not added; nothing at all is a mistake."""
    flow = await have_suggestions(hass, account)
    flow = await submit(hass, flow, {"feeds": []})
    assert flow["errors"] == {"feeds": "feed_none_chosen"}

    await submit(hass, flow, {"feeds": [str(HUMIDITY)]})

    assert only_feed(account).unique_id == f"feed {HUMIDITY}"


async def test_suggested_is_taken_meanwhile(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """What was added elsewhere is not added twice."""
    flow = await have_suggestions(hass, account)
    other = await have_suggestions(hass, account)
    await submit(hass, other, {"feeds": [str(HUMIDITY)]})

    flow = await submit(hass, flow, {"feeds": [str(HUMIDITY)]})

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "already_configured"
    assert only_feed(account)


def prices(*values: float, start: str = "2026-11-22T11:00:00+01:00") -> list[Json]:
    """Hours from eleven o'clock on, with what they cost."""
    first = datetime.fromisoformat(start)
    return [
        {"start": (first + index * HOUR).isoformat(), "value": value}
        for index, value in enumerate(values)
    ]


@pytest.fixture
def market(hass: HomeAssistant) -> None:
    """An entity that lists prices."""
    hass.states.async_set(
        "sensor.market",
        "0.25",
        {
            "friendly_name": "Market",
            "unit_of_measurement": "EUR/kWh",
            "prices": prices(0.25, 0.3, 0.2),
        },
    )


async def start_foreseen(
    hass: HomeAssistant, entry: MockConfigEntry, name: str, sensor: int
) -> Result:
    """Choose what was found by its name, and a FlexMeasures sensor."""
    flow = await choose(hass, await start_feed(hass, entry), "foreseen")
    assert flow["step_id"] == "foreseen"
    options = fields(flow)["source"].config["options"]
    (source,) = [each["value"] for each in options if each["label"] == name]
    return await submit(hass, flow, {"source": source, "sensor": str(sensor)})


@pytest.mark.usefixtures("market")
async def test_prices_in_another_language(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    hass.config.language = "de"
    flow = await start_foreseen(hass, account, "Market: prices (EUR/kWh)", OWN_PRICE)

    assert "von 22.11. 11:00 bis 22.11. 14:00" in preview(flow)
    assert "| 22.11. 11:00 | 0,25 | 250 |" in preview(flow)


@pytest.mark.usefixtures("market")
async def test_prices(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Prices are shown as they were understood, in both units, before they are sent."""
    flow = await start_foreseen(hass, account, "Market: prices (EUR/kWh)", OWN_PRICE)

    assert flow["step_id"] == "values"
    assert preview(flow).split("\n\n") == [
        (
            "**Market: prices**: 3 values, from 22 Nov 11:00 to 22 Nov 14:00. "
            "The first ones:"
        ),
        (
            "|  | Home Assistant (EUR/kWh) | FlexMeasures (EUR/MWh) |\n"
            "| --- | ---: | ---: |\n"
            "| 22 Nov 11:00 | 0.25 | 250 |\n"
            "| 22 Nov 12:00 | 0.3 | 300 |\n"
            "| 22 Nov 13:00 | 0.2 | 200 |"
        ),
    ]
    assert fields(flow).keys() == {"name"}
    flow = await fill_in(hass, flow)

    assert flow["type"] is FlowResultType.CREATE_ENTRY
    feed = only_feed(account)
    assert feed.title == "Market: prices"
    assert feed.unique_id == f"feed {OWN_PRICE}"
    assert feed.data == {
        "kind": "foreseen",
        "sensor": OWN_PRICE,
        "provider": "attribute",
        "entity": "sensor.market",
        "attribute": "prices",
        "invert": False,
    }


async def test_values_that_stand_together(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """One of several values is chosen, its unit told, and its sign."""
    rows = prices(1.5, 2.5)
    for row in rows:
        row["low"], row["high"] = row["value"] / 2, row["value"] * 2
        del row["value"]
    hass.states.async_set(
        "sensor.sun_power", "ok", {"friendly_name": "Sun", "forecast": rows}
    )
    flow = await start_foreseen(hass, account, "Sun: forecast", BATTERY_POWER)
    assert fields(flow).keys() == {"value_key", "unit", "invert", "name"}
    assert suggested(flow)["value_key"] == "low"
    assert "2 values" in preview(flow)
    assert "|" not in preview(flow)

    flow = await fill_in(hass, flow)
    assert flow["errors"] == {"unit": "feed_unit_not_told"}

    flow = await fill_in(hass, flow, unit="°C")
    assert flow["errors"] == {"unit": "feed_wrong_unit"}

    flow = await fill_in(hass, flow, unit="kW", invert=True, value_key="high")
    assert flow["errors"] == {}
    assert "| 22 Nov 11:00 | 3 | -3 |" in preview(flow)
    assert "counts as production" in preview(flow)

    flow = await fill_in(hass, flow, value_key="low")
    assert "| 22 Nov 11:00 | 0.75 | -0.75 |" in preview(flow)
    assert "**This has changed.**" in preview(flow)
    await fill_in(hass, flow, name="Sunny")

    feed = only_feed(account)
    assert feed.title == "Sunny"
    assert feed.data["value_key"] == "low"
    assert feed.data["unit"] == "kW"
    assert feed.data["invert"] is True


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize(
    ("sensor", "field", "error"),
    [
        (BATTERY_POWER, "source", "feed_wrong_unit"),
        (PRICE, "sensor", "feed_sensor_is_public"),
    ],
)
async def test_what_cannot_be_foreseen(
    hass: HomeAssistant,
    account: MockConfigEntry,
    sensor: int,
    field: str,
    error: str,
) -> None:
    """What is wrong is told at its field."""
    flow = await start_foreseen(hass, account, "Market: prices (EUR/kWh)", sensor)

    assert flow["step_id"] == "foreseen"
    assert flow["errors"] == {field: error}


async def test_nothing_is_foreseen(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Without prices and forecasts it is said what would have some."""
    hass.states.async_remove("weather.home")

    flow = await choose(hass, await start_feed(hass, account), "foreseen")

    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "no_forecast"


@pytest.mark.usefixtures("market")
async def test_change_of_what_is_foreseen(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """The source of a feed is the one that is chosen, also while it is not there."""
    hass.states.async_set(
        "sensor.other", "1", {"friendly_name": "Amsterdam", "list": prices(1, 2)}
    )
    flow = await start_foreseen(hass, account, "Market: prices (EUR/kWh)", OWN_PRICE)
    await fill_in(hass, flow)
    feed = only_feed(account)

    flow = await start_change(hass, account, feed)
    assert suggested(flow)["sensor"] == ("Demo house: my price (EUR/MWh)")
    chosen = suggested(flow)["source"]
    options = fields(flow)["source"].config["options"]
    assert [each["label"] for each in options if each["value"] == chosen] == [
        "Market: prices (EUR/kWh)"
    ]

    hass.states.async_set("sensor.market", "unavailable")
    flow = await start_change(hass, account, feed)
    assert suggested(flow)["source"] == "0"
    options = fields(flow)["source"].config["options"]
    assert options[0]["label"] == "Market: prices"
    flow = await submit(hass, flow, suggested(flow))
    assert flow["errors"] == {"source": "feed_attribute_missing"}

    hass.states.async_set(
        "sensor.market",
        "1",
        {"unit_of_measurement": "ct/kWh", "prices": prices(25, 30)},
    )
    flow = await submit(hass, flow, suggested(flow))
    flow = await fill_in(hass, flow, name="Tomorrow")
    assert flow["reason"] == "reconfigure_successful"
    assert only_feed(account).title == "Tomorrow"


@pytest.mark.usefixtures("market")
async def test_source_does_not_answer(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Nobody waits for ever in front of a form."""
    with (
        patch("custom_components.flexmeasures.flows.feed.preview._PATIENCE", 0),
        patch(
            "custom_components.flexmeasures.feeds.foreseen.attributes.AttributeProvider.async_read",
            side_effect=asyncio.Event().wait,
        ),
    ):
        flow = await start_foreseen(
            hass, account, "Market: prices (EUR/kWh)", OWN_PRICE
        )

    assert flow["errors"] == {"source": "feed_unanswered"}


async def test_other_values_do_not_come(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """What is asked for later may fail later."""
    rows = [{**row, "low": 1.5} for row in prices(2.5, 3.5)]
    hass.states.async_set(
        "sensor.sun_power",
        "ok",
        {"friendly_name": "Sun", "unit_of_measurement": "kW", "forecast": rows},
    )
    flow = await start_foreseen(hass, account, "Sun: forecast (kW)", BATTERY_POWER)
    assert suggested(flow)["value_key"] == "value"

    with (
        patch("custom_components.flexmeasures.flows.feed.preview._PATIENCE", 0),
        patch(
            "custom_components.flexmeasures.feeds.foreseen.attributes.AttributeProvider.async_read",
            side_effect=asyncio.Event().wait,
        ),
    ):
        flow = await fill_in(hass, flow, value_key="low")

    assert flow["errors"] == {"value_key": "feed_unanswered"}
    assert suggested(flow)["value_key"] == "low"
    assert preview(flow) == ""

    flow = await fill_in(hass, flow)
    assert flow["type"] is FlowResultType.FORM
    assert flow["errors"] == {}
    assert "| 22 Nov 11:00 | 1.5 |" in preview(flow)
    await fill_in(hass, flow)
    assert only_feed(account).data["value_key"] == "low"


async def start_tariff(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    sensor: int | str = OWN_PRICE,
    price: float = 0.25,
    unit: str = "EUR/kWh",
) -> Result:
    """Tell the price that mostly holds."""
    flow = await choose(hass, await start_feed(hass, entry), "tariff")
    assert flow["step_id"] == "tariff"
    return await submit(
        hass, flow, {"sensor": str(sensor), "price": price, "unit": unit}
    )


NIGHT: Json = {"price": 0.1, "from": "22:00:00", "until": "06:00:00"}


async def test_tariff(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """The prices of a tariff are shown, and again when rules change them."""
    flow = await start_tariff(hass, account)
    assert flow["step_id"] == "rules"
    asked = fields(flow)["rules"].config["fields"]
    months = asked["months"]["selector"].config["options"]
    assert months[0] == {"value": "1", "label": "January"}
    assert preview(flow) == (
        "The prices from now on:\n\n"
        "|  | Home Assistant (EUR/kWh) | FlexMeasures (EUR/MWh) |\n"
        "| --- | ---: | ---: |\n"
        "| 22 Nov 00:00 | 0.25 | 250 |"
    )

    flow = await fill_in(hass, flow, rules=[NIGHT])
    assert flow["errors"] == {}
    assert "| 22 Nov 22:00 | 0.1 | 100 |" in preview(flow)
    assert "**This has changed.**" in preview(flow)
    flow = await fill_in(hass, flow)

    assert flow["type"] is FlowResultType.CREATE_ENTRY
    feed = only_feed(account)
    assert feed.title == "My tariff"
    assert feed.data == {
        "kind": "tariff",
        "sensor": OWN_PRICE,
        "price": 0.25,
        "unit": "EUR/kWh",
        "rules": [NIGHT],
    }


async def test_change_of_a_tariff(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """A tariff is changed with what it has as the default."""
    flow = await start_tariff(hass, account)
    flow = await fill_in(hass, flow, rules=[NIGHT], name="Night")
    await fill_in(hass, flow)

    flow = await start_change(hass, account, only_feed(account))
    assert suggested(flow) == {
        "sensor": "Demo house: my price (EUR/MWh)",
        "price": 0.25,
        "unit": "EUR/kWh",
    }
    flow = await submit(hass, flow, {**suggested(flow), "price": 0.5})
    assert suggested(flow) == {
        "rules": [NIGHT],
        "workday_entity": None,
        "name": "Night",
    }
    assert "| 22 Nov 06:00 | 0.5 | 500 |" in preview(flow)
    flow = await fill_in(hass, flow)

    assert flow["reason"] == "reconfigure_successful"
    assert only_feed(account).data["price"] == 0.5


@pytest.mark.parametrize(
    ("sensor", "unit", "field", "error"),
    [
        (BATTERY_POWER, "EUR/kWh", "sensor", "feed_not_a_price_sensor"),
        (OWN_PRICE, "USD/kWh", "unit", "feed_other_currency"),
        (OWN_PRICE, "kW", "unit", "feed_wrong_unit"),
        ("", "EUR/kWh", "sensor", "not_a_sensor_id"),
    ],
)
async def test_no_tariff(
    hass: HomeAssistant,
    account: MockConfigEntry,
    sensor: int | str,
    unit: str,
    field: str,
    error: str,
) -> None:
    """What is wrong is told at its field."""
    flow = await start_tariff(hass, account, sensor, unit=unit)

    assert flow["step_id"] == "tariff"
    assert flow["errors"] == {field: error}


async def test_tariff_in_the_unit_of_the_sensor(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """What is sent as it was told is shown once."""
    flow = await start_tariff(hass, account, unit="EUR/MWh")

    assert preview(flow).split("\n\n")[1] == (
        "|  | EUR/MWh |\n| --- | ---: |\n| 22 Nov 00:00 | 0.25 |"
    )


async def test_tariff_without_a_price(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """A price is entered, also if it is 0: no field is filled in for one."""
    flow = await choose(hass, await start_feed(hass, account), "tariff")
    assert "price" not in suggested(flow)
    values = {"sensor": str(OWN_PRICE), "unit": "EUR/kWh"}

    flow = await submit(hass, flow, values)
    assert flow["errors"] == {"price": "feed_price_missing"}

    flow = await submit(hass, flow, {**values, "price": 0})
    assert "| 22 Nov 00:00 | 0 | 0 |" in preview(flow)


async def test_prices_of_a_tariff_go_to_price_sensors(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """The sensors for prices come first."""
    flow = await choose(hass, await start_feed(hass, account), "tariff")

    first = fields(flow)["sensor"].config["options"][0]
    assert first == "Demo house: my price (EUR/MWh)"


async def test_rule_is_wrong(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A rule that cannot be understood is told, and nothing is lost."""
    flow = await start_tariff(hass, account)

    without = {key: value for key, value in NIGHT.items() if key != "price"}
    flow = await fill_in(hass, flow, rules=[without])
    assert flow["errors"] == {"rules": "feed_rule_without_price"}

    flow = await fill_in(hass, flow, rules=[{**NIGHT, "price": 1e300}])

    assert flow["errors"] == {"rules": "feed_rule_without_price"}
    assert suggested(flow)["rules"] == [{**NIGHT, "price": 1e300}]
    flow = await fill_in(hass, flow, rules=[NIGHT])
    assert flow["errors"] == {}


async def test_prices_in_cents(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """They are asked back; whoever submits them again means them."""
    flow = await start_tariff(hass, account, price=31)
    assert flow["errors"] == {"price": "price_in_cents"}
    assert said(flow)["price"] == "31 EUR/kWh"
    assert said(flow)["meant_price"] == "0.31 EUR/kWh"
    assert suggested(flow)["price"] == 31
    flow = await submit_settings(hass, flow)
    assert flow["step_id"] == "rules"

    flow = await fill_in(hass, flow, rules=[{**NIGHT, "price": 25}])
    assert flow["errors"] == {"rules": "rule_in_cents"}
    assert said(flow)["rule"] == "1"
    assert said(flow)["meant_price"] == "0.25 EUR/kWh"
    await fill_in(hass, flow, rules=[{**NIGHT, "price": 25}])
    assert only_feed(account).data["price"] == 31

    feed = only_feed(account)
    flow = await submit_settings(hass, await start_change(hass, account, feed))
    assert flow["step_id"] == "rules"
    flow = await fill_in(hass, flow)
    assert flow["reason"] == "reconfigure_successful"


@pytest.mark.parametrize(
    ("price", "unit", "is_asked"),
    [
        (310, "EUR/MWh", False),
        (31000, "EUR/MWh", True),
        (31, "cEUR/kWh", False),
        (31, "€/kWh", False),
    ],
)
async def test_price_in_another_unit(
    hass: HomeAssistant,
    account: MockConfigEntry,
    price: float,
    unit: str,
    *,
    is_asked: bool,
) -> None:
    """It is the price of a kWh that can be too much, as far as its unit is known."""
    flow = await start_tariff(hass, account, price=price, unit=unit)

    assert (flow["step_id"] == "tariff") is is_asked


async def test_holidays(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A workday entity has to answer, and is kept by what does not change."""
    workday = er.async_get(hass).async_get_or_create(
        "binary_sensor", "workday", "1", suggested_object_id="workday"
    )
    hass.states.async_set(workday.entity_id, "on")
    flow = await start_tariff(hass, account)

    flow = await fill_in(hass, flow, workday_entity=workday.entity_id)
    assert flow["errors"] == {"workday_entity": "feed_provider_failed"}
    assert preview(flow) == ""

    async def check(call: ServiceCall) -> ServiceResponse:
        # The Monday after is a holiday.
        is_workday = call.data["check_date"] != "2026-11-23"
        return {workday.entity_id: {"workday": is_workday}}

    hass.services.async_register(
        "workday", "check_date", check, supports_response=SupportsResponse.ONLY
    )
    sundays: Json = {"price": 0.05, "weekdays": ["sun"]}
    flow = await fill_in(hass, flow, rules=[sundays])
    assert flow["errors"] == {}
    assert "| 22 Nov 00:00 | 0.05 | 50 |" in preview(flow)
    assert "| 24 Nov 00:00 | 0.25 | 250 |" in preview(flow)
    await fill_in(hass, flow)

    feed = only_feed(account)
    assert feed.data["workday_entity"] == workday.id
    flow = await start_change(hass, account, feed)
    flow = await submit(hass, flow, suggested(flow))
    assert suggested(flow)["workday_entity"] == workday.entity_id


async def test_workday_does_not_answer(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Nobody waits for ever for a tariff either."""
    hass.states.async_set("binary_sensor.workday", "on")

    async def check(call: ServiceCall) -> ServiceResponse:
        await asyncio.Event().wait()
        raise AssertionError

    hass.services.async_register(
        "workday", "check_date", check, supports_response=SupportsResponse.ONLY
    )
    flow = await start_tariff(hass, account)

    with patch("custom_components.flexmeasures.flows.feed.preview._PATIENCE", 0):
        flow = await fill_in(hass, flow, workday_entity="binary_sensor.workday")

    assert flow["errors"] == {"workday_entity": "feed_unanswered"}
