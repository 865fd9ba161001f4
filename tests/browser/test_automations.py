"""The editor of automations, which offers what a device's triggers and conditions are."""

import json
import re
from typing import Any

from playwright.async_api import Locator, expect
import pytest

from sandbox.browser.owner import Owner
from sandbox.demo.devices import BATTERY, S2_BATTERY
from sandbox.demo.home import Progress, configure
from sandbox.environments import REPOSITORY
from sandbox.flexmeasures.server import FlexMeasuresServer
from sandbox.home_assistant.client import HomeAssistantClient
from sandbox.home_assistant.instance import HomeAssistant
from sandbox.home_assistant.registry import DOMAIN

from .conftest import Visit

TEXTS = REPOSITORY / "custom_components" / DOMAIN / "translations" / "en.json"
SUBSCRIBE = """async (trigger) => {
  window.heard = [];
  await document.querySelector("home-assistant").hass.connection.subscribeMessage(
    (event) => window.heard.push(event.variables.trigger),
    { type: "subscribe_trigger", trigger },
  );
}"""


def words(kind: str) -> dict[str, Any]:
    """Return the English texts of our triggers or conditions."""
    found: dict[str, Any] = json.loads(TEXTS.read_text())[f"{kind}s"]
    return found


async def offered(owner: Owner, kind: str, device: str, *names: str) -> Locator:
    """Open the dialog with what there is for a device, and return the buttons of these names."""
    await owner.press(f"Add {kind}")
    dialog = owner.page.locator("add-automation-element-dialog")
    await dialog.get_by_text("Devices", exact=True).click()
    await dialog.get_by_text(device, exact=True).first.click()
    any_of = "|".join(map(re.escape, names))
    return dialog.get_by_role("button", name=re.compile(rf"^({any_of}) {device}$"))


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize("kind", ["trigger", "condition"])
async def test_words_for_automations(visit: Visit, kind: str) -> None:
    """Each is found by target, says what it is, and is filled in as far as it can be."""
    owner = await visit()
    await owner.go("config/automation/edit/new")
    form = owner.page.locator("ha-automation-sidebar")
    of_device = {key: each for key, each in words(kind).items() if "s2" not in key}

    names = [each["name"] for each in of_device.values()]
    await expect(await offered(owner, kind, BATTERY.name, *names)).to_have_count(
        len(names)
    )
    await owner.page.keyboard.press("Escape")

    for each in of_device.values():
        button = await offered(owner, kind, BATTERY.name, each["name"])
        await button.click()
        await expect(button).to_have_count(0)
        await expect(form.get_by_text(each["description"])).to_be_visible()
        await expect(form.get_by_text("1 entity")).to_be_visible()
        for field in each.get("fields", {}).values():
            await expect(form.get_by_text(field["name"], exact=True)).to_be_visible()
            if "description" in field:
                await expect(form.get_by_text(field["description"])).to_be_visible()
    if kind == "condition":
        # The last one.
        await expect(form.get_by_role("spinbutton")).to_have_value("3")
        await expect(form.get_by_role("radio", name="Today")).to_be_checked()


async def test_words_for_s2(
    visit: Visit,
    client: HomeAssistantClient,
    server: FlexMeasuresServer,
    home_assistant: HomeAssistant,
) -> None:
    """Devices that connect by themselves have more."""
    await configure(client, server, Progress(), [S2_BATTERY.name])
    owner = await visit()
    await owner.go("config/automation/edit/new")

    names = [each["name"] for each in words("trigger").values()]
    buttons = await offered(owner, "trigger", S2_BATTERY.name, *names)

    await expect(buttons).to_have_count(len(names))


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
