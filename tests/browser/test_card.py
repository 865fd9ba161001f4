"""The card that shows a plan, on a dashboard."""

import asyncio
import re
from typing import Any

from playwright.async_api import Route, expect
import pytest

from sandbox.browser.owner import PHONE
from sandbox.demo.devices import BATTERY
from sandbox.demo.home import change_settings
from sandbox.home_assistant.client import HomeAssistantClient
from sandbox.home_assistant.flow_steps import filled_in
from sandbox.home_assistant.registry import device_id, entities_of

from .conftest import IN_BOTH_LOOKS, IN_BOTH_VERSIONS, PLAN_PAGE, Show, Visit

PLAN_CARD = "custom:flexmeasures-plan-card"


@IN_BOTH_VERSIONS
@IN_BOTH_LOOKS
async def test_plan(
    visit: Visit,
    show: Show,
    planned: str,
    client: HomeAssistantClient,
    size: tuple[int, int],
    *,
    is_dark: bool,
) -> None:
    """It is drawn, told in words, and another one is drawn at once."""
    await show({"type": PLAN_CARD, "device_id": planned})
    owner = await visit(size, is_dark=is_dark)
    await owner.go(PLAN_PAGE)
    card = owner.page.locator("flexmeasures-plan-card")
    await expect(card.get_by_role("heading", name="Home battery")).to_be_visible()
    await expect(card.locator("svg path.up")).to_have_attribute("d", re.compile("M"))
    await card.get_by_text("The plan in words").click()
    await expect(card.get_by_role("listitem").first).to_contain_text("kWh")
    await owner.check()

    slider = card.get_by_role("slider")
    now = await slider.get_attribute("aria-valuetext")
    assert now
    await slider.press("End")
    await expect(slider).not_to_have_attribute("aria-valuetext", now)
    end = await slider.get_attribute("aria-valuetext")
    assert end
    await slider.press("ArrowLeft")
    await expect(slider).not_to_have_attribute("aria-valuetext", end)

    entities = await entities_of(client, BATTERY)
    await client.post(
        "services/select/select_option",
        {"entity_id": entities["mode"], "option": "hold"},
    )
    await expect(card).to_contain_text("Hold")


@pytest.mark.parametrize(
    ("entity", "state", "attributes", "temperatures"),
    [
        pytest.param(
            "sensor.battery_level",
            "60",
            {"unit_of_measurement": "%", "device_class": "battery"},
            {},
            id="share",
        ),
        pytest.param(
            "water_heater.tank",
            "eco",
            {"current_temperature": 50},
            {"empty_temperature": 35, "full_temperature": 60},
            id="temperature",
        ),
    ],
)
async def test_level_in_another_unit(
    visit: Visit,
    show: Show,
    planned: str,
    client: HomeAssistantClient,
    entity: str,
    state: str,
    attributes: dict[str, Any],
    temperatures: dict[str, Any],
) -> None:
    """What is measured is told in the unit of the plan."""
    await client.post(f"states/{entity}", {"state": state, "attributes": attributes})
    (account,) = await client.get("config/config_entries/entry?domain=flexmeasures")
    changes = {"soc_entity": entity, "capacity": 10, **temperatures}
    entry_id = account["entry_id"]
    step = await change_settings(client, entry_id, BATTERY, "level", **changes)
    if temperatures:
        # These are asked for once the entity is known.
        changes = filled_in(step["data_schema"], changes)
        await client.submit_subentry_flow(step["flow_id"], changes)
    await show({"type": PLAN_CARD, "device_id": planned})
    owner = await visit()
    await owner.go(PLAN_PAGE)

    card = owner.page.locator("flexmeasures-plan-card")

    await expect(card.locator(".readout .soc")).to_contain_text("6\u00a0kWh")


async def test_key_before_all_is_loaded(visit: Visit, show: Show, planned: str) -> None:
    """What answers to keys is loaded when it is needed, and no key is lost meanwhile."""
    pressed = asyncio.Event()

    async def wait(route: Route) -> None:
        await pressed.wait()
        await route.continue_()

    await show({"type": PLAN_CARD, "device_id": planned})
    owner = await visit()
    await owner.page.route("**/cursor.js", wait)
    await owner.go(PLAN_PAGE)
    slider = owner.page.locator("flexmeasures-plan-card").get_by_role("slider")
    now = await slider.get_attribute("aria-valuetext")
    assert now
    await slider.press("End")
    pressed.set()
    await expect(slider).not_to_have_attribute("aria-valuetext", now)


async def test_no_plan_yet(
    visit: Visit, show: Show, battery: str, client: HomeAssistantClient
) -> None:
    """The reason is there, with the button that mends it."""
    await show({"type": PLAN_CARD, "device_id": await device_id(client, BATTERY)})
    owner = await visit(PHONE)
    await owner.go(PLAN_PAGE)

    card = owner.page.locator("flexmeasures-plan-card")
    await card.get_by_role("button", name="Plan now").click()

    await expect(card.get_by_text("The plan in words")).to_be_visible(timeout=30_000)


async def test_device_that_is_gone(visit: Visit, show: Show, battery: str) -> None:
    """It is said, and nothing breaks."""
    await show({"type": PLAN_CARD, "device_id": "gone"})
    owner = await visit()
    await owner.go(PLAN_PAGE)

    await expect(owner.page.locator("flexmeasures-plan-card")).to_contain_text(
        "not there"
    )
