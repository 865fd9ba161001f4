"""The dialogs of Home Assistant in which a card, a badge or a strip is chosen and set up."""

from typing import Any

from playwright.async_api import expect
import pytest

from sandbox.demo.devices import BATTERY
from sandbox.home_assistant.client import HomeAssistantClient
from sandbox.home_assistant.registry import entities_of

from .conftest import PLAN_PAGE, Show, Visit

EDIT = f"{PLAN_PAGE}?edit=1"


async def saved(client: HomeAssistantClient) -> dict[str, Any]:
    """Return the view as it was saved."""
    config = await client.command("lovelace/config", url_path=PLAN_PAGE, force=True)
    view: dict[str, Any] = config["views"][0]
    return view


@pytest.fixture
async def empty(show: Show, planned: str) -> str:
    """A view with an empty section; gives the id of a device with a plan."""
    await show(type="sections", sections=[{"type": "grid", "cards": []}])
    return planned


async def test_card(visit: Visit, empty: str, client: HomeAssistantClient) -> None:
    """It is found by its name, shows a device at once, and is set up in a form."""
    owner = await visit()
    await owner.go(EDIT)
    await owner.press("Add card")
    await owner.page.get_by_role("tab", name="By card").click()
    picker = owner.page.locator("hui-card-picker")
    await picker.get_by_placeholder("Search").fill("FlexMeasures")
    await expect(picker.locator("flexmeasures-plan-card")).to_contain_text("Planned")
    await picker.locator(".card").first.click()

    editor = owner.page.locator("hui-dialog-edit-card")
    await editor.get_by_role("textbox", name="Title").fill("My plan")
    await expect(editor.get_by_text("Time shown")).to_be_visible()
    preview = editor.locator("flexmeasures-plan-card")
    await expect(preview.get_by_role("heading", name="My plan")).to_be_visible()
    await owner.press("Save")

    card = owner.page.locator("flexmeasures-plan-card")
    await expect(card.get_by_role("heading")).to_have_text("My plan")
    (made,) = (await saved(client))["sections"][0]["cards"]
    assert made["device_id"] == empty


async def test_card_is_suggested(visit: Visit, empty: str) -> None:
    """Who picks an entity of a device is offered its plan."""
    owner = await visit()
    await owner.go(EDIT)
    await owner.press("Add card")
    dialog = owner.page.locator("hui-dialog-create-card")
    await dialog.get_by_placeholder("Search").first.fill("battery setpoint")
    await dialog.get_by_text(BATTERY.name).first.click()
    await expect(dialog.get_by_text("Community")).to_be_attached()
    await expect(dialog.locator("flexmeasures-plan-card")).to_contain_text("Planned")


async def test_badge(visit: Visit, empty: str, client: HomeAssistantClient) -> None:
    """It is among the badges, shows a device at once, and is set up in a form."""
    owner = await visit()
    await owner.go(EDIT)
    await owner.press("Add a badge")
    await owner.page.get_by_role("tab", name="By badge").click()
    picker = owner.page.locator("hui-badge-picker")
    offered = picker.locator("flexmeasures-plan-badge")
    await expect(offered).to_contain_text(BATTERY.name)
    choice = picker.locator(".badge", has=owner.page.locator("flexmeasures-plan-badge"))
    await choice.locator(".overlay").click()

    editor = owner.page.locator("hui-dialog-edit-badge")
    await expect(editor.get_by_text("Device").first).to_be_visible()
    await owner.press("Save")
    badge = owner.page.locator("hui-view-badges flexmeasures-plan-badge")
    await expect(badge).to_contain_text(BATTERY.name)
    (made,) = (await saved(client))["badges"]
    assert made == {"type": "custom:flexmeasures-plan-badge", "device_id": empty}


async def test_feature(
    visit: Visit, show: Show, planned: str, client: HomeAssistantClient
) -> None:
    """It is among the features of a tile of the setpoint."""
    entities = await entities_of(client, BATTERY)
    tile = {"type": "tile", "entity": entities["setpoint"]}
    await show(type="sections", sections=[{"type": "grid", "cards": [tile]}])
    owner = await visit()
    await owner.go(EDIT)
    await owner.page.locator("hui-card-edit-mode").click()
    editor = owner.page.locator("hui-dialog-edit-card")
    await editor.get_by_text("Features", exact=True).click()
    await editor.get_by_role("button", name="Add feature").click()
    await editor.get_by_text("FlexMeasures plan").click()
    await expect(editor.locator("flexmeasures-plan").get_by_role("img")).to_be_visible()
    await owner.press("Save")

    # The preview may be there for a while yet.
    view = owner.page.locator("hui-sections-view")
    await expect(view.locator("flexmeasures-plan").get_by_role("img")).to_be_visible()
    await expect(editor.get_by_role("dialog")).to_have_count(0)
    (made,) = (await saved(client))["sections"][0]["cards"]
    assert made["features"] == [{"type": "custom:flexmeasures-plan"}]
