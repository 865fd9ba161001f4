"""A meter is set up with the sensors of a real server."""

from typing import Any
from uuid import uuid4

import pytest

from custom_components.flexmeasures.account import FlexMeasuresConfigEntry
from custom_components.flexmeasures.api.client import FlexMeasuresApi
from custom_components.flexmeasures.const import SUBENTRY_METER
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigSubentry,
    SubentryFlowContext,
)
from homeassistant.core import HomeAssistant
from sandbox.flexmeasures.server import FlexMeasuresServer

from ..conftest import AddDevice, stored


async def make_sensor(
    api: FlexMeasuresApi,
    server: FlexMeasuresServer,
    unit: str,
    resolution: str,
    *,
    has_data: bool = True,
) -> int:
    """Let the account's owner make a sensor, and store a value."""
    made = await api._request(
        "POST",
        "sensors",
        payload={
            "name": f"{unit} {uuid4().hex}",
            "unit": unit,
            "event_resolution": resolution,
            "generic_asset_id": server.home.asset("house"),
            "timezone": "Europe/Amsterdam",
        },
    )
    sensor: int = made["id"]
    if not has_data:
        return sensor
    posted = await api._request(
        "POST",
        f"sensors/{sensor}/data",
        payload={
            "start": "2026-11-01T00:00:00+01:00",
            "duration": "P1D",
            "values": [1.0],
            "unit": unit,
        },
    )
    await stored(api, posted)
    return sensor


async def start(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry, commodity: str
) -> Any:
    """Start to add a meter, and choose what it meters."""
    flows = hass.config_entries.subentries
    flow = await flows.async_init(
        (entry.entry_id, SUBENTRY_METER), context={"source": SOURCE_USER}
    )
    flow = await flows.async_configure(flow["flow_id"], {"commodity": commodity})
    assert flow["step_id"] == commodity
    return flow


async def submit(hass: HomeAssistant, flow: Any, **changes: Any) -> Any:
    """Leave the form as it is shown, but for some changes."""
    shown = {
        key.schema: key.description["suggested_value"]
        for key in flow["data_schema"].schema
        if key.description and "suggested_value" in key.description
    }
    result = await hass.config_entries.subentries.async_configure(
        flow["flow_id"], {**shown, **changes}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


def options(flow: Any, field: str) -> list[str]:
    """The choices of a field."""
    choices: list[str] = flow["data_schema"].schema[field].config["options"]
    return choices


def meters(entry: FlexMeasuresConfigEntry) -> dict[str, ConfigSubentry]:
    """The account's meters by their titles."""
    return {
        meter.title: meter for meter in entry.get_subentries_of_type(SUBENTRY_METER)
    }


@pytest.mark.parametrize("user", ["demo", "member"])
async def test_electricity_and_gas(
    hass: HomeAssistant, server: FlexMeasuresServer, add_device: AddDevice, user: str
) -> None:
    """Both are set up from what the lists offer, and changed, beside a device."""
    entry = (await add_device(user=user)).entry
    sensor = server.home.sensor
    flow = await start(hass, entry, "electricity")
    consumption = "Demo house: household consumption (kW)"
    price = "NL transmission zone: day-ahead prices (EUR/MWh)"
    assert consumption in options(flow, "consumption_sensor")
    assert price in options(flow, "cost_sensor")
    flow = await submit(
        hass,
        flow,
        consumption_sensor=consumption,
        production_sensor=str(sensor("pv_production")),
        cost_sensor=price,
        compensation_sensor=str(sensor("feed_in")),
        standing_charge=6.25,
        bill_start="2026-01-31",
        daily_forecast=False,
    )
    assert flow["type"] == "create_entry", flow["errors"]

    flow = await start(hass, entry, "gas")
    gas = "Demo house: gas consumption (m³)"
    assert gas in options(flow, "consumption_sensor")
    flow = await submit(hass, flow, consumption_sensor=gas, daily_forecast=False)
    assert flow["type"] == "create_entry", flow["errors"]

    assert meters(entry).keys() == {"Demo house", "Demo house: Gas"}
    electricity = meters(entry)["Demo house"]
    assert electricity.unique_id == f"electricity {sensor('consumption')}"
    assert dict(electricity.data) == {
        "commodity": "electricity",
        "consumption_sensor": sensor("consumption"),
        "production_sensor": sensor("pv_production"),
        "cost_sensor": sensor("price"),
        "compensation_sensor": sensor("feed_in"),
        "cumulative": False,
        "standing_charge": 6.25,
        "bill_start": "2026-01-31",
        "bill_months": 1,
        "daily_forecast": False,
    }
    changed: Any = await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_METER),
        context=SubentryFlowContext(
            source=SOURCE_RECONFIGURE, subentry_id=electricity.subentry_id
        ),
    )
    changed = await submit(
        hass, changed, cost_sensor=str(sensor("daily_cost")), name="Main meter"
    )
    assert changed["reason"] == "reconfigure_successful"
    assert meters(entry)["Main meter"].data["cost_sensor"] == sensor("daily_cost")


async def test_sensors_that_cannot_be(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    api: FlexMeasuresApi,
    add_device: AddDevice,
) -> None:
    """What this server refuses, or has in another way, is told at its field."""
    entry = (await add_device()).entry
    sensor = server.home.sensor
    flow = await start(hass, entry, "electricity")

    async def error(field: str, **changes: Any) -> str:
        nonlocal flow
        flow = await submit(
            hass,
            flow,
            **{
                "consumption_sensor": str(sensor("consumption")),
                "production_sensor": str(sensor("pv_production")),
                **{key: str(value) for key, value in changes.items()},
            },
        )
        assert flow["errors"].keys() == {field}
        wrong: str = flow["errors"][field]
        return wrong

    async def new(unit: str, resolution: str) -> int:
        return await make_sensor(api, server, unit, resolution)

    consumption, cost = "consumption_sensor", "cost_sensor"
    foreign = sensor("neighbour_consumption")
    assert await error(consumption, consumption_sensor=foreign) == (
        "sensor_of_another_account"
    )
    assert await error(consumption, consumption_sensor=99_999) == "sensor_not_found"
    assert await error(consumption, consumption_sensor=sensor("gas")) == (
        "not_an_electricity_sensor"
    )
    empty = await make_sensor(api, server, "kWh", "PT1H", has_data=False)
    assert await error(consumption, consumption_sensor=empty) == "sensor_without_data"
    momentary = await new("kW", "PT0M")
    assert await error(consumption, consumption_sensor=momentary) == (
        "instantaneous_rate"
    )
    assert await error(cost, cost_sensor=await new("USD/kWh", "PT1H")) == (
        "cost_in_other_currency"
    )
    assert await error(cost, cost_sensor=await new("EUR/m³", "PT1H")) == (
        "not_an_electricity_cost"
    )


@pytest.mark.parametrize(
    ("commodity", "unit", "resolution"),
    [
        ("electricity", "kWh", "PT15M"),
        ("electricity", "kWh", "PT0M"),
        ("electricity", "MJ", "P1D"),
        ("gas", "m³", "PT0M"),
        ("gas", "m³/h", "PT15M"),
        ("gas", "ft³", "P1D"),
        ("gas", "kWh", "P1D"),
        ("gas", "therm", "P1D"),
    ],
)
async def test_units(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    api: FlexMeasuresApi,
    add_device: AddDevice,
    commodity: str,
    unit: str,
    resolution: str,
) -> None:
    """What the server takes as a unit is offered and taken here as well."""
    sensor = await make_sensor(api, server, unit, resolution)
    name = (await api.get_sensor(sensor)).name
    entry = (await add_device()).entry
    flow = await start(hass, entry, commodity)
    (choice,) = [
        each for each in options(flow, "consumption_sensor") if f": {name} (" in each
    ]
    changes: dict[str, Any] = {"daily_forecast": False}
    if commodity == "gas":
        changes["calorific_value"] = 10.5

    flow = await submit(hass, flow, consumption_sensor=choice, **changes)

    assert flow["type"] == "create_entry", flow["errors"]
    (meter,) = meters(entry).values()
    assert meter.data["consumption_sensor"] == sensor
