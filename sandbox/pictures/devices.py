"""Devices that are scheduled: their pages, their settings and what is on dashboards."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from playwright.async_api import Locator

from ..demo.dashboard import DASHBOARD_URL
from ..demo.devices import BATTERY, CAR, S2_BATTERY, DemoDevice
from ..home_assistant.client import HomeAssistantClient
from ..home_assistant.registry import entities_of
from .camera import FORM, PHONE, Camera, Size

WIDE = (1900, 1130)
DESKTOP = (1200, 1650)
BILLS = (1400, 860)
INVERTER = "Inverter power"


async def take_pages(camera: Camera, ids: Mapping[DemoDevice, str]) -> None:
    """Take their pages, on a desk and on a phone."""
    for name, device, size in (
        ("device", BATTERY, DESKTOP),
        ("device_phone", CAR, PHONE),
        ("s2_device", S2_BATTERY, DESKTOP),
        ("s2_device_phone", S2_BATTERY, PHONE),
    ):
        path = f"config/devices/device/{ids[device]}"
        await camera.page(name, path, "Sensors", size, is_scrolled=size is PHONE)


async def take_settings(camera: Camera) -> None:
    """Take the settings of a device, by topic, and how one is paired; nothing is changed."""
    async with camera.window(FORM) as owner:
        page = owner.page
        await owner.go_to_integration()
        await owner.open_settings(BATTERY.name)
        await camera.dialog(page, "settings")
        await owner.go_to_integration()
        await owner.open_settings(S2_BATTERY.name)
        await owner.choose("S2")
        # The token is not kept: nothing is submitted after it.
        await page.locator("ha-selector-boolean ha-switch").nth(1).click()
        await owner.submit()
        await owner.at("Connect the device")
        await camera.dialog(page, "pairing")


async def take_dashboard(
    camera: Camera, client: HomeAssistantClient, battery_id: str
) -> None:
    """Take the demo's dashboard, and the battery's card on one of its own."""
    await camera.page("bills", f"{DASHBOARD_URL}/meter", "Typical month", BILLS)
    path = f"{DASHBOARD_URL}/overview"
    await camera.page("dashboard", path, "Grid power", WIDE)
    await camera.page("dashboard_phone", path, "Grid power", PHONE)
    async with _one_card(camera, client, battery_id) as card:
        # What was measured comes after the plan.
        await card.locator("svg path.measured[d^='M']").wait_for(state="attached")
        await camera.part(card.page, card, "card")


async def take_following(
    camera: Camera, client: HomeAssistantClient, battery_id: str
) -> None:
    """Have an inverter follow the battery's plan in a dry run, and take what the card says of it."""
    await client.post(
        "states/number.inverter_power",
        {
            "state": "0",
            "attributes": {
                "friendly_name": INVERTER,
                "min": -5000,
                "max": 5000,
                "step": 1,
                "unit_of_measurement": "W",
            },
        },
    )
    async with camera.window(FORM) as owner:
        await owner.go_to_integration()
        await owner.open_settings(BATTERY.name)
        await owner.choose("Who follows?")
        await owner.choose("A number with the power")
        await owner.fill({"Power": INVERTER})
        await owner.submit()
        await owner.finish()
    mode = (await entities_of(client, BATTERY))["mode"]
    for option in ("hold", "automatic"):
        await client.post(
            "services/select/select_option", {"entity_id": mode, "option": option}
        )
    # All below the chart fits the screen.
    size = (PHONE[0], 2 * PHONE[1])
    async with _one_card(camera, client, battery_id, size, show_controls=True) as card:
        following = card.locator(".follower")
        await following.locator("summary").click()
        await following.get_by_role("listitem").first.wait_for()
        parts = card.locator("section").locator(".follower, .controls")
        await camera.part(card.page, parts.first, "following", parts.last)


@asynccontextmanager
async def _one_card(
    camera: Camera,
    client: HomeAssistantClient,
    battery_id: str,
    size: Size = PHONE,
    **options: bool,
) -> AsyncIterator[Locator]:
    """Show the battery's card on a dashboard of its own."""
    dashboard = await client.command(
        "lovelace/dashboards/create", url_path="one-card", title="Card", mode="storage"
    )
    plan_card = {"type": "custom:flexmeasures-plan-card", "device_id": battery_id}
    await client.command(
        "lovelace/config/save",
        url_path=dashboard["url_path"],
        config={"views": [{"cards": [{**plan_card, **options}]}]},
    )
    async with camera.window(size) as owner:
        await owner.go(dashboard["url_path"])
        yield owner.page.locator("flexmeasures-plan-card")
    await client.command("lovelace/dashboards/delete", dashboard_id=dashboard["id"])
