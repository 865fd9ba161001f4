"""A new owner's way from the account to the first plan of a battery, one picture a step."""

from collections.abc import Awaitable, Callable

from ..flexmeasures.server import FlexMeasuresServer
from ..home_assistant.client import HomeAssistantClient
from .owner import Owner

LEVEL = "Powerwall level"
LEVEL_ENTITY = "sensor.powerwall_level"

type Save = Callable[[str], Awaitable[None]]
"""Keeps a picture of the dialog, under a name."""


async def have_battery(client: HomeAssistantClient) -> None:
    """Let Home Assistant have what says how full the battery is."""
    await client.post(
        f"states/{LEVEL_ENTITY}",
        {
            "state": "52",
            "attributes": {
                "friendly_name": LEVEL,
                "unit_of_measurement": "%",
                "device_class": "battery",
            },
        },
    )


async def walk(owner: Owner, server: FlexMeasuresServer, save: Save) -> None:
    """Add the account of somebody who has nothing on the server, and have a battery made there."""
    user = server.home.user("newcomer")
    await owner.add_integration()
    await owner.fill(
        {"Server": server.url, "Email": user.email, "Password": "not the password"}
    )
    await save("account")
    await owner.submit()
    await save("error")
    await owner.fill({"Password": user.password})
    await owner.submit()
    await save("first_hour_kind")
    await owner.choose("Battery")
    await owner.fill({"How full it is": LEVEL, "What it holds": 13.5, "Power": 5})
    await save("first_hour_facts")
    await owner.submit()
    await save("first_hour_prices")
    await owner.submit()
    await save("first_hour_summary")
    await owner.submit()
    await owner.read("has its first plan")
    await save("first_hour_plan")
    await owner.finish()
