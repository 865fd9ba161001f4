"""From the log-in to a home that is scheduled, on a server that has nothing of it."""

import asyncio
from datetime import timedelta
import re
from typing import Any

import pytest

from custom_components.flexmeasures.api.client import FlexMeasuresApi
from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_DEVICE, SUBENTRY_FEED
from homeassistant.config_entries import SOURCE_USER, ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from sandbox.flexmeasures.server import FlexMeasuresServer

type Json = dict[str, Any]
type Result = Any

LEVEL = "sensor.level"
TANK = "sensor.tank"
PANELS = "sensor.panels"
BATTERY: Json = {"soc_entity": LEVEL, "capacity": 13.5, "power": 5, "lowest": 10}
TARIFF: Json = {"consumption_price": "time_of_use", "production_price": "fixed"}
ONE_PRICE: Json = {"consumption_price": "fixed", "production_price": "same"}
PRICES: Json = {
    "price": 0.30,
    "rules": [{"price": 0.15, "from": "01:00:00", "until": "05:00:00"}],
    "feed_in_price": 0.05,
}


@pytest.fixture(autouse=True)
def entities(hass: HomeAssistant) -> None:
    """Let Home Assistant have what the devices are measured by."""
    hass.states.async_set(
        LEVEL, "52", {"unit_of_measurement": "%", "device_class": "battery"}
    )
    hass.states.async_set(
        TANK, "50", {"unit_of_measurement": "°C", "device_class": "temperature"}
    )
    hass.states.async_set(
        PANELS,
        "2500",
        {
            "unit_of_measurement": "W",
            "device_class": "power",
            "state_class": "measurement",
        },
    )


async def log_in(
    hass: HomeAssistant, server: FlexMeasuresServer, user: str = "newcomer"
) -> tuple[ConfigEntry, Result]:
    """Add the account; give what is asked of its first device."""
    login = server.home.user(user)
    flows = hass.config_entries.flow
    flow = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    flow = await flows.async_configure(
        flow["flow_id"],
        {
            CONF_HOST: server.url,
            CONF_USERNAME: login.email,
            CONF_PASSWORD: login.password,
        },
    )
    assert flow["type"] is FlowResultType.CREATE_ENTRY, flow
    _, flow_id = flow["next_flow"]
    return flow["result"], await hass.config_entries.subentries.async_configure(flow_id)


async def walk(hass: HomeAssistant, flow: Result, *inputs: Json) -> Result:
    """Go on from one step to the next, and wait for what is then done."""
    flows = hass.config_entries.subentries
    for values in inputs:
        assert not flow.get("errors"), flow
        flow = await flows.async_configure(flow["flow_id"], values)
    while flow["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done()
        flow = await flows.async_configure(flow["flow_id"])
    return flow


def option(name: str) -> Json:
    """Choose an option of a menu."""
    return {"next_step_id": name}


def plan(hass: HomeAssistant, entry: ConfigEntry) -> Json:
    """The attributes of the schedule sensor of the only device."""
    (device,) = entry.get_subentries_of_type(SUBENTRY_DEVICE)
    entity_id = er.async_get(hass).async_get_entity_id(
        "sensor", DOMAIN, f"{device.subentry_id}_schedule"
    )
    assert entity_id
    state = hass.states.get(entity_id)
    assert state
    return dict(state.attributes)


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ((option("battery"), BATTERY), "battery"),
        (
            (
                option("car"),
                {
                    "soc_entity": LEVEL,
                    "capacity": 60,
                    "power": 11,
                    "ready_by": "07:00:00",
                },
            ),
            "one-way_evse",
        ),
        (
            (
                option("heat"),
                option("heat_pump"),
                {
                    "soc_entity": TANK,
                    "litres": 200,
                    "empty_temperature": 45,
                    "full_temperature": 60,
                    "power": 2,
                },
            ),
            "heat-storage",
        ),
        (
            (option("solar"), {"production_entity": PANELS, "power": 6}),
            "solar",
        ),
        (
            (
                option("other"),
                {
                    "name": "Cellar",
                    "soc_entity": LEVEL,
                    "capacity": 4,
                    "power": 1,
                    "discharges": True,
                },
            ),
            "battery",
        ),
    ],
    ids=["battery", "car", "heat", "solar", "other"],
)
async def test_first_plan(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    newcomer: FlexMeasuresApi,
    steps: tuple[Json, ...],
    kind: str,
) -> None:
    """What was made is on the server, what is sent is there, and the plan is the server's."""
    entry, flow = await log_in(hass, server)
    # Whenever this is run, there is time enough to charge.
    ready_by = (dt_util.now() + timedelta(hours=12)).strftime("%H:%M:00")
    steps = tuple(
        {**step, "ready_by": ready_by} if "ready_by" in step else step for step in steps
    )
    flow = await walk(hass, flow, *steps, TARIFF, PRICES)
    assert flow["step_id"] == "summary"
    flow = await walk(hass, flow, {})

    assert flow["reason"] == "first_plan", flow["description_placeholders"]
    account = (await newcomer.get_rights()).account_id
    site, asset = sorted(await newcomer.get_assets(account), key=lambda each: each.id)
    assert (site.type, asset.type) == ("building", kind)
    assert asset.parent_id == site.id
    sensors = {each.name: each for each in await newcomer.get_sensors(site.id)}
    assert site.flex_context["consumption-price"] == {
        "sensor": sensors["consumption price"].id
    }
    fed = {feed.data["sensor"] for feed in entry.get_subentries_of_type(SUBENTRY_FEED)}
    assert {each.id for each in sensors.values()} <= fed
    shown = plan(hass, entry)["schedule"]
    assert len(shown) == 96
    if kind == "one-way_evse":
        # From 52 to 80 % of 60 kWh by then, of which a tenth is lost.
        bought = sum(slot["value"] for slot in shown) / 4
        assert bought == pytest.approx(0.28 * 60 / 0.9, rel=0.01)
    (device,) = entry.get_subentries_of_type(SUBENTRY_DEVICE)
    assert device.data["automatic_scheduling"] is True


async def test_member_after_an_administrator(
    hass: HomeAssistant, server: FlexMeasuresServer, newcomer: FlexMeasuresApi
) -> None:
    """A member is told whom to ask, and goes on once the home is there."""
    entry, flow = await log_in(hass, server, "newcomer_member")
    flow = await walk(hass, flow, option("battery"))
    assert flow["reason"] == "ask_administrator"

    account = (await newcomer.get_rights()).account_id
    types = await newcomer.get_asset_types()
    await newcomer.create_asset(
        flow["description_placeholders"]["home"],
        type_id=types["building"],
        account_id=account,
        parent_id=None,
        external_id="by hand",
        latitude=52,
        longitude=5,
    )
    flows = hass.config_entries.subentries
    flow = await flows.async_init(
        (entry.entry_id, SUBENTRY_DEVICE), context={"source": SOURCE_USER}
    )
    flow = await walk(hass, flow, option("battery"), BATTERY, TARIFF, PRICES)
    assert "can only be deleted there" in flow["description_placeholders"]["summary"]
    flow = await walk(hass, flow, {})

    assert flow["reason"] == "first_plan", flow["description_placeholders"]


async def test_server_that_dies_in_the_middle(
    hass: HomeAssistant, server: FlexMeasuresServer, newcomer: FlexMeasuresApi
) -> None:
    """Nothing is lost and nothing is made twice."""
    entry, flow = await log_in(hass, server)
    flow = await walk(hass, flow, option("battery"), BATTERY, TARIFF, PRICES)
    server.stop_web()
    try:
        flow = await walk(hass, flow, {})
    finally:
        server.start_web()
    assert flow["step_id"] == "summary"
    assert flow["errors"] == {"base": "cannot_connect"}
    flow = await hass.config_entries.subentries.async_configure(flow["flow_id"], {})
    flow = await walk(hass, flow)

    assert flow["reason"] == "first_plan", flow["description_placeholders"]
    account = (await newcomer.get_rights()).account_id
    assert len(await newcomer.get_assets(account)) == 2
    assert len(entry.get_subentries_of_type(SUBENTRY_DEVICE)) == 1


async def test_server_that_dies_half_way(
    hass: HomeAssistant, server: FlexMeasuresServer, newcomer: FlexMeasuresApi
) -> None:
    """A part is made then; the same once more makes the rest."""
    entry, flow = await log_in(hass, server)
    flow = await walk(hass, flow, option("battery"), BATTERY, TARIFF, PRICES)
    flows = hass.config_entries.subentries
    making = await flows.async_configure(flow["flow_id"], {})
    account = (await newcomer.get_rights()).account_id
    async with asyncio.timeout(60):
        while not await newcomer.get_assets(account):
            continue
    server.stop_web()
    try:
        flow = await walk(hass, making)
    finally:
        server.start_web()
    assert flow["errors"] == {"base": "cannot_connect"}
    flow = await flows.async_configure(flow["flow_id"], {})
    flow = await walk(hass, flow)

    assert flow["reason"] == "first_plan", flow["description_placeholders"]
    assets = await newcomer.get_assets(account)
    assert [asset.type for asset in assets] == ["building", "battery"]
    assert len(entry.get_subentries_of_type(SUBENTRY_DEVICE)) == 1


async def test_one_price_all_day(
    hass: HomeAssistant, server: FlexMeasuresServer, newcomer: FlexMeasuresApi
) -> None:
    """The last screen says what the plan costs, though the price has just been sent."""
    ready_by = (dt_util.now() + timedelta(hours=12)).strftime("%H:%M:00")
    car = {"soc_entity": LEVEL, "capacity": 60, "power": 11, "ready_by": ready_by}
    entry, flow = await log_in(hass, server)
    flow = await walk(hass, flow, option("car"), car, ONE_PRICE, {"price": 0.31}, {})

    shown = flow["description_placeholders"]["plan"]
    charged = re.findall(r"charges ([\d.]+) kWh", shown)
    (cost,) = re.findall(r"Costs about ([\d.]+) EUR", shown)
    assert float(cost) == pytest.approx(0.31 * sum(map(float, charged)), abs=0.1)
    (device,) = entry.get_subentries_of_type(SUBENTRY_DEVICE)
    coordinator = entry.runtime_data.coordinators[device.subentry_id]
    assert coordinator.data.consumption_price
    assert coordinator.data.consumption_price.per_kwh_at(dt_util.utcnow()) == 0.31


async def test_two_devices_on_one_connection(
    hass: HomeAssistant, server: FlexMeasuresServer, newcomer: FlexMeasuresApi
) -> None:
    """Each alone would fit, both at once would not."""
    soon = (dt_util.now() + timedelta(hours=12)).strftime("%H:%M:00")
    car = {"soc_entity": LEVEL, "capacity": 60, "power": 11, "ready_by": soon}
    van = "sensor.van"
    hass.states.async_set(
        van, "60", {"unit_of_measurement": "%", "device_class": "battery"}
    )
    entry, flow = await log_in(hass, server)
    connection = {**TARIFF, "connection": "3 kW"}
    flow = await walk(hass, flow, option("car"), car, connection, PRICES, {})
    assert flow["reason"] == "first_plan", flow["description_placeholders"]
    flow = await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_DEVICE), context={"source": SOURCE_USER}
    )
    flow = await walk(hass, flow, option("car"), {**car, "soc_entity": van})
    assert "planned together" in flow["description_placeholders"]["summary"]
    flow = await walk(hass, flow, {})
    assert flow["reason"] == "first_plan", flow["description_placeholders"]

    loaded = entry.runtime_data.coordinators.values()
    plans = [coordinator.data.power for coordinator in loaded]
    totals = [sum(slot) for slot in zip(*(each.values for each in plans), strict=True)]
    assert len(totals) == 96
    assert max(totals) == pytest.approx(3)
    assert all(max(each.values) > 0 for each in plans)


async def test_home_that_the_energy_dashboard_knows(
    hass: HomeAssistant,
    hass_storage: dict[str, Json],
    server: FlexMeasuresServer,
    newcomer: FlexMeasuresApi,
) -> None:
    """Its panels and all that it uses are sent, and prices of an entity; plans know of them."""
    power = {
        "unit_of_measurement": "W",
        "device_class": "power",
        "state_class": "measurement",
    }
    hass.states.async_set("sensor.home_power", "500", power)
    start = dt_util.start_of_local_day()
    hours = [
        {
            "start": (start + timedelta(hours=hour)).isoformat(),
            "value": 0.2 + hour / 100,
        }
        for hour in range(48)
    ]
    hass.states.async_set(
        "sensor.prices", "0.2", {"unit_of_measurement": "EUR/kWh", "prices": hours}
    )
    solar = {
        "type": "solar",
        "stat_energy_from": "sensor.panels_energy",
        "stat_rate": PANELS,
        "config_entry_solar_forecast": None,
    }
    household = {
        "type": "home",
        "stat_energy_to": "sensor.home_energy",
        "stat_rate": "sensor.home_power",
    }
    hass.config.components.add("energy")
    hass_storage["energy"] = {
        "version": 1,
        "minor_version": 3,
        "key": "energy",
        "data": {"energy_sources": [solar, household], "device_consumption": []},
    }
    entry, flow = await log_in(hass, server)
    flow = await walk(hass, flow, option("battery"), BATTERY)
    found = flow["data_schema"].schema["consumption_price"].config["options"][0]
    assert "prices" in found["label"]
    flow = await walk(
        hass,
        flow,
        {"consumption_price": found["value"], "production_price": "nothing"},
        {"send_solar": True, "send_household": True},
    )

    assert flow["reason"] == "first_plan", flow["description_placeholders"]
    account = (await newcomer.get_rights()).account_id
    assets = {each.type: each for each in await newcomer.get_assets(account)}
    assert assets.keys() == {"building", "battery", "solar"}
    context = assets["building"].flex_context
    (used,) = context["inflexible-consumption"]
    (produced,) = context["inflexible-production"]
    fed = {feed.data["sensor"] for feed in entry.get_subentries_of_type(SUBENTRY_FEED)}
    assert {used["sensor"], produced["sensor"]} <= fed
    price = await newcomer.get_data(
        context["consumption-price"]["sensor"],
        start=start,
        duration=timedelta(hours=1),
        unit="EUR/kWh",
    )
    assert price
    assert price.values[0] == pytest.approx(0.2)
