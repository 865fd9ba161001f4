"""The editor of automations, which offers what a device's triggers and conditions are."""

from typing import Any

from playwright.async_api import expect
import pytest

from sandbox.browser.owner import Owner
from sandbox.home_assistant.client import HomeAssistantClient
from sandbox.home_assistant.registry import DOMAIN

from .conftest import Visit

SUBSCRIBE = """async (trigger) => {
  window.heard = [];
  await document.querySelector("home-assistant").hass.connection.subscribeMessage(
    (event) => window.heard.push(event.variables.trigger),
    { type: "subscribe_trigger", trigger },
  );
}"""


async def add(owner: Owner, kind: str, name: str) -> None:
    """Choose a trigger or a condition by what it is about."""
    await owner.press(f"Add {kind}")
    dialog = owner.page.locator("add-automation-element-dialog")
    await dialog.get_by_text("Devices", exact=True).click()
    await dialog.get_by_text("Home battery", exact=True).first.click()
    await dialog.get_by_text(name).first.click()
    await expect(dialog.get_by_text(name)).to_have_count(0)


@pytest.mark.usefixtures("planned")
async def test_words_for_automations(visit: Visit) -> None:
    """They are found by target, and their forms are filled in as far as they can be."""
    owner = await visit()
    await owner.go("config/automation/edit/new")

    await add(owner, "trigger", "Price fell below")
    form = owner.page.locator("ha-automation-sidebar")
    await expect(form.get_by_text("falls below a limit")).to_be_visible()
    await expect(form.get_by_text("1 entity")).to_be_visible()
    await form.get_by_role("spinbutton").fill("0.2")

    await add(owner, "condition", "Price is among the lowest")
    await expect(form.get_by_role("spinbutton")).to_have_value("3")
    await expect(form.get_by_role("radio", name="Today")).to_be_checked()


async def test_words_work(
    visit: Visit, planned: str, client: HomeAssistantClient
) -> None:
    """In this version of Home Assistant, too."""
    owner = await visit()
    await owner.go("config/automation/dashboard")
    trigger = {
        "trigger": f"{DOMAIN}.setpoint_changed",
        "target": {"device_id": planned},
    }
    await owner.page.evaluate(SUBSCRIBE, trigger)

    await client.post(
        f"services/{DOMAIN}/override",
        {"device_id": planned, "power": 1.25, "duration": {"minutes": 5}},
    )

    await owner.page.wait_for_function("window.heard.length")
    (heard,) = await owner.page.evaluate("window.heard")
    assert heard["device_id"] == planned
    assert heard["setpoint"] == 1.25

    async def passes(
        condition: str, exclude: str | None = None, **options: Any
    ) -> bool:
        target = {"device_id": planned}
        excluded = {"exclude": {"entity_id": exclude}} if exclude else {}
        tested = await client.command(
            "test_condition",
            condition={
                "condition": f"{DOMAIN}.{condition}",
                "target": {**target, **excluded},
                "options": options,
            },
        )
        return bool(tested["result"])

    assert await passes("plan_is_up_to_date")
    assert not await passes("plan_is_up_to_date", exclude=heard["entity_id"])
    assert not await passes("target_will_be_met")
    assert await passes("price_is_cheap", hours=24)
    answer = await client.post(
        f"services/{DOMAIN}/get_schedule?return_response", {"device_id": planned}
    )
    schedule = answer["service_response"]["schedule"]
    charges = any(slot["value"] > 0 for slot in schedule)
    assert await passes("charging_is_planned", within={"days": 7}) == charges
