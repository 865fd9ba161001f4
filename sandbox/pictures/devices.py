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
    """Have the battery handed back, and take what the card says of the dry run."""
    entities = await entities_of(client, BATTERY)
    control = {"entity_id": entities["hand_over"]}
    # All below the chart fits the screen.
    size = (PHONE[0], 2 * PHONE[1])
    async with _one_card(camera, client, battery_id, size, show_controls=True) as card:
        following = card.locator(".follower")
        await client.call_service("switch", "turn_off", control)
        await following.get_by_text("Dry run").wait_for()
        await following.locator("summary").click()
        decisions = following.get_by_role("listitem")
        await decisions.first.wait_for()
        before = await decisions.count()
        for number, option in enumerate(("hold", "automatic")):
            mode = {"entity_id": entities["mode"], "option": option}
            await client.call_service("select", "select_option", mode)
            await decisions.nth(before + number).wait_for()
        parts = card.locator(".follower, section > details")
        await camera.part(card.page, parts.first, "following", parts.last)
    await client.call_service("switch", "turn_on", control)


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
