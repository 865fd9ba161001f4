"""Devices that are scheduled: their pages, their settings and what is on dashboards."""

from collections.abc import Mapping

from ..demo.dashboard import DASHBOARD_URL
from ..demo.devices import BATTERY, CAR, S2_BATTERY, DemoDevice
from ..home_assistant.client import HomeAssistantClient
from .camera import FORM, PHONE, Camera

WIDE = (1900, 1300)
DESKTOP = (1200, 1650)
BILLS = (1400, 860)


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
        await page.locator("ha-selector-boolean ha-switch").last.click()
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
    dashboard = await client.command(
        "lovelace/dashboards/create", url_path="one-card", title="Card", mode="storage"
    )
    plan_card = {"type": "custom:flexmeasures-plan-card", "device_id": battery_id}
    await client.command(
        "lovelace/config/save",
        url_path=dashboard["url_path"],
        config={"views": [{"cards": [plan_card]}]},
    )
    async with camera.window(PHONE) as owner:
        await owner.go(dashboard["url_path"])
        card = owner.page.locator("flexmeasures-plan-card")
        # What was measured comes after the plan.
        await card.locator("svg path.measured[d^='M']").wait_for(state="attached")
        await camera.part(owner.page, card, "card")
    await client.command("lovelace/dashboards/delete", dashboard_id=dashboard["id"])
