"""The demo's meters: electricity, solar panels and gas, set up as a user does, and shown in the Energy dashboard."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
import time
from typing import Any

from ..errors import SandboxError
from ..flexmeasures.server import FlexMeasuresServer
from ..home_assistant.client import HomeAssistantClient
from ..home_assistant.flow_steps import filled_in, require_entry, submit_step
from ..home_assistant.registry import DOMAIN, device_id, entities_of
from .simulation import GRID_POWER, SOLAR_POWER

IMPORTED_SECONDS = 120
# Of those that every meter has, and of those that come once forecasts have been read, too.
_PROGRESS = "history_import"
_LAST_ENTITY = "forecasted_usage"


@dataclass(frozen=True)
class DemoMeter:
    """A meter of the sandbox's home."""

    name: str
    commodity: str
    sensors: Mapping[str, str] = field(hash=False)
    """By the fields of the form: their names in the sandbox's home."""
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)


ELECTRICITY = DemoMeter(
    "Electricity meter",
    "electricity",
    {
        "consumption_sensor": "meter_import",
        "production_sensor": "meter_export",
        "cost_sensor": "meter_price",
        "compensation_sensor": "meter_feed_in",
    },
    {"standing_charge": 31.5},
)
GAS = DemoMeter(
    "Gas meter",
    "gas",
    {"consumption_sensor": "meter_gas", "cost_sensor": "meter_gas_price"},
    {"standing_charge": 22},
)
# Its production is above zero, and there is no consumption: one sensor holds both.
SOLAR = DemoMeter(
    "PV roof",
    "electricity",
    {"consumption_sensor": "pv_meter", "production_sensor": "pv_meter"},
)
METERS = (ELECTRICITY, GAS, SOLAR)


async def add_meter(
    client: HomeAssistantClient,
    server: FlexMeasuresServer,
    entry_id: str,
    meter: DemoMeter,
) -> None:
    """Add a meter through its flow; what it has counted is imported from then on."""
    submit = client.submit_subentry_flow
    step = await client.start_subentry_flow(entry_id, "meter")
    step = await submit_step(submit, step, "user", {"commodity": meter.commodity})
    sensors = {
        key: str(server.home.sensor(sensor)) for key, sensor in meter.sensors.items()
    }
    # The server has forecasts of them already: making more would take its only worker from the schedules.
    changes = {**sensors, **meter.settings, "daily_forecast": False}
    step = await submit_step(
        submit, step, meter.commodity, filled_in(step["data_schema"], changes)
    )
    require_entry(step, f"the meter {meter.name}")


async def choose_solar_forecast(
    client: HomeAssistantClient, server: FlexMeasuresServer, entry_id: str
) -> None:
    """Say in the account's options which FlexMeasures sensor is of solar panels."""
    step = await client.start_options_flow(entry_id)
    changes = {"solar_forecast_sensors": [str(server.home.sensor("pv_meter"))]}
    step = await submit_step(
        client.submit_options_flow,
        step,
        "init",
        filled_in(step["data_schema"], changes),
    )
    require_entry(step, "the solar forecast")


async def until_imported(client: HomeAssistantClient, meter: DemoMeter) -> None:
    """Wait until all that a meter has counted is in Home Assistant, and what it is expected to count."""
    deadline = time.monotonic() + IMPORTED_SECONDS
    while True:
        entities = await entities_of(client, meter)
        if {_PROGRESS, _LAST_ENTITY} <= entities.keys():
            progress = (await client.state(entities[_PROGRESS]))["state"]
            if progress == "100.0":
                return
        if time.monotonic() > deadline:
            raise SandboxError(f"The meter {meter.name} does not get its history")
        await asyncio.sleep(0.2)


async def statistic_ids(
    client: HomeAssistantClient, entry_id: str, meter: DemoMeter
) -> dict[str, str]:
    """Return the ids of a meter's statistics, by what they are of."""
    (subentry,) = [
        each
        for each in await client.command(
            "config_entries/subentries/list", entry_id=entry_id
        )
        if each["subentry_type"] == "meter" and each["title"] == meter.name
    ]
    return {
        kind: f"{DOMAIN}:{subentry['subentry_id'].lower()}_{kind}"
        for kind in ("consumption", "production", "cost", "compensation")
    }


async def fill_energy_dashboard(client: HomeAssistantClient, entry_id: str) -> None:
    """Show the meters in the Energy dashboard: two by the action, and the solar panels by hand."""
    for meter in (ELECTRICITY, GAS):
        response = await client.call_service(
            DOMAIN,
            "add_to_energy_dashboard",
            {"device_id": await device_id(client, meter)},
            return_response=True,
        )
        if [change["meter"] for change in response["changes"]] != [meter.name]:
            raise SandboxError(f"The Energy dashboard lacks {meter.name}: {response}")
    preferences = await client.command("energy/get_prefs")
    for source in preferences["energy_sources"]:
        if source["type"] == "grid":
            source["stat_rate"] = GRID_POWER
    panels = {
        "type": "solar",
        "stat_energy_from": (await statistic_ids(client, entry_id, SOLAR))[
            "production"
        ],
        "stat_rate": SOLAR_POWER,
        "config_entry_solar_forecast": [entry_id],
    }
    await client.command(
        "energy/save_prefs",
        energy_sources=[*preferences["energy_sources"], panels],
    )
    problems = await client.command("energy/validate")
    if any(problems["energy_sources"]):
        raise SandboxError(f"The Energy dashboard complains: {problems}")
