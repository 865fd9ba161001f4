"""What else than the card shows a plan."""

import re

from playwright.async_api import expect

from sandbox.demo.devices import BATTERY
from sandbox.home_assistant.client import HomeAssistantClient
from sandbox.home_assistant.registry import DOMAIN, entities_of

from .conftest import IN_BOTH_LOOKS, PLAN_PAGE, Show, Visit


@IN_BOTH_LOOKS
async def test_badge(
    visit: Visit,
    show: Show,
    planned: str,
    client: HomeAssistantClient,
    size: tuple[int, int],
    *,
    is_dark: bool,
) -> None:
    """What runs now is there, changes with it, and leads to the device's status."""
    badge_type = "custom:flexmeasures-plan-badge"
    await show(badges=[{"type": badge_type, "device_id": planned}])
    owner = await visit(size, is_dark=is_dark)
    await owner.go(PLAN_PAGE)
    badge = owner.page.locator("flexmeasures-plan-badge").get_by_role("button")
    await expect(badge).to_contain_text(BATTERY.name)
    await owner.check()

    await client.post(
        f"services/{DOMAIN}/override",
        {"device_id": planned, "power": -2, "duration": "01:00:00"},
    )
    await expect(badge).to_contain_text(re.compile("Discharging at 2.kW until"))

    await badge.press("Enter")
    await owner.read("Scheduling status")


async def test_badge_of_a_device_that_is_gone(
    visit: Visit, show: Show, battery: str
) -> None:
    """It is said, and nothing breaks."""
    await show(badges=[{"type": "custom:flexmeasures-plan-badge", "device_id": "gone"}])
    owner = await visit()
    await owner.go(PLAN_PAGE)
    badge = owner.page.locator("flexmeasures-plan-badge")
    await expect(badge).to_contain_text("Unavailable")


@IN_BOTH_LOOKS
async def test_feature(
    visit: Visit,
    show: Show,
    planned: str,
    client: HomeAssistantClient,
    size: tuple[int, int],
    *,
    is_dark: bool,
) -> None:
    """A tile of the setpoint shows the plan as a strip that is told in words."""
    entities = await entities_of(client, BATTERY)
    feature = {"type": "custom:flexmeasures-plan"}
    await show({"type": "tile", "entity": entities["setpoint"], "features": [feature]})
    owner = await visit(size, is_dark=is_dark)
    await owner.go(PLAN_PAGE)

    strip = owner.page.locator("flexmeasures-plan")
    await expect(strip.get_by_role("img")).to_have_accessible_name(
        re.compile("Idle|harging at")
    )
    paths = strip.locator("path.up, path.down")
    assert any(
        ["H" in (await path.get_attribute("d") or "") for path in await paths.all()]
    )
    await owner.check()
