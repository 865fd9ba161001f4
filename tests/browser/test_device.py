"""The page of a device, and its settings."""

from datetime import timedelta
import re

from sandbox.demo.devices import BATTERY, POWER as POWER_ATTRIBUTES
from sandbox.demo.feeds import add_measured
from sandbox.flexmeasures.server import FlexMeasuresServer
from sandbox.home_assistant.client import HomeAssistantClient

from .conftest import Have, Visit

# The frontend writes a minus of its own.
POWER = re.compile(r"\W?\d+\.\d\d\skW")
ANY = re.compile(r".+")


async def test_plan(visit: Visit, battery: str) -> None:
    """One press has a schedule made, and the page shows what it says."""
    owner = await visit()
    await owner.go_to_device(battery)
    await owner.expect_state("Home battery", "Unknown")

    await owner.press("Press")

    await owner.expect_state("Home battery", POWER)
    await owner.expect_state("Scheduling status", "OK")


async def test_settings(visit: Visit, battery: str) -> None:
    """The gear leads to the settings, which show what was set before."""
    owner = await visit()
    await owner.go_to_integration()
    await owner.open_settings(battery)
    await owner.at(f"Settings of {battery}")
    await owner.choose("When to reschedule")
    await owner.fill({"Plan ahead": timedelta(hours=36)})
    await owner.submit()
    assert "Reconfiguration was successful" in await owner.text()
    await owner.finish()
    await owner.open_settings(battery)
    await owner.choose("Limits")
    await owner.fill({"Maximum state of charge": 9})
    await owner.submit()
    await owner.finish()

    await owner.open_settings(battery)
    await owner.choose("Limits")

    assert await owner.value("Maximum state of charge") == "9"


async def test_what_it_costs(
    visit: Visit,
    have: Have,
    planned: str,
    client: HomeAssistantClient,
    server: FlexMeasuresServer,
) -> None:
    """It is there once something measures the device, with no reload."""
    attributes = {"friendly_name": BATTERY.power_name, **POWER_ATTRIBUTES}
    await have(BATTERY.power_entity, "1200", **attributes)
    owner = await visit()
    await owner.go_to_device(BATTERY.name)
    await owner.expect_state("Scheduling status", "OK")
    assert "Cost today" not in await owner.text()

    (account,) = await client.get("config/config_entries/entry?domain=flexmeasures")
    await add_measured(client, server, account["entry_id"], BATTERY)

    await owner.expect_state("Cost today", ANY)
    await owner.expect_state("Energy off plan today", ANY)
