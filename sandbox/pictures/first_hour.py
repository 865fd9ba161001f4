"""A new owner's way from the account to the first plan of a battery, one picture a step."""

from ..flexmeasures.server import FlexMeasuresServer
from ..home_assistant.client import HomeAssistantClient
from .camera import Camera

LEVEL = "Powerwall level"
LEVEL_ENTITY = "sensor.powerwall_level"


async def take(
    camera: Camera, client: HomeAssistantClient, server: FlexMeasuresServer
) -> None:
    """Add the account of somebody who has nothing on the server, and have a battery made there."""
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
    user = server.home.user("newcomer")
    async with camera.window() as owner:
        page = owner.page
        await owner.add_integration()
        await owner.fill(
            {"Server": server.url, "Email": user.email, "Password": "not the password"}
        )
        await camera.dialog(page, "account")
        await owner.submit()
        await camera.dialog(page, "error")
        await owner.fill({"Password": user.password})
        await owner.submit()
        await camera.dialog(page, "first_hour_kind")
        await owner.choose("Battery")
        await owner.fill({"How full it is": LEVEL, "What it holds": 13.5, "Power": 5})
        await camera.dialog(page, "first_hour_facts")
        await owner.submit()
        await camera.dialog(page, "first_hour_prices")
        await owner.submit()
        await camera.dialog(page, "first_hour_summary")
        await owner.submit()
        await owner.read("has its first plan")
        await camera.dialog(page, "first_hour_plan")
        await owner.finish()
    await client.delete(f"states/{LEVEL_ENTITY}")
