"""The oldest Home Assistant and the newest: the same is shown, in whichever order things arrive."""

import asyncio
import json
import re
from typing import Any

from playwright.async_api import Route, expect
import pytest

from sandbox.browser.owner import Owner
from sandbox.demo.devices import BATTERY
from sandbox.home_assistant.client import HomeAssistantClient
from sandbox.home_assistant.instance import HomeAssistant

from .conftest import IN_BOTH_VERSIONS, PLAN_PAGE, YAML_FILE, YAML_PAGE, Show, Visit

STRATEGY = {"strategy": {"type": "custom:flexmeasures"}}
OURS = "**/flexmeasures.js"
APP = "**/frontend_latest/app.*.js"
# What Home Assistant shows in place of what it does not know.
UNKNOWN = "hui-error-card, hui-error-badge"
# A telephone far from the next mast, in bytes a second and milliseconds.
SLOW = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 600_000,
    "uploadThroughput": 100_000,
}


@pytest.fixture
async def dashboard(show: Show, planned: str, client: HomeAssistantClient) -> None:
    """A dashboard that makes itself: its first view has a card and a badge."""
    await client.command("lovelace/config/save", url_path=PLAN_PAGE, config=STRATEGY)


async def see_plan(owner: Owner) -> None:
    """See the card and the badge drawn, and nothing that is not known."""
    card = owner.page.locator("flexmeasures-plan-card")
    await expect(card.locator("svg path.up")).to_have_attribute("d", re.compile("M"))
    badge = owner.page.locator("flexmeasures-plan-badge")
    await expect(badge).to_contain_text(BATTERY.name)
    await expect(owner.page.locator(UNKNOWN)).to_have_count(0)


@IN_BOTH_VERSIONS
async def test_slow_network(visit: Visit, dashboard: None) -> None:
    """All of the frontend comes late, and what is small before what is large."""
    owner = await visit()
    tools = await owner.page.context.new_cdp_session(owner.page)
    await tools.send("Network.enable")
    await tools.send("Network.emulateNetworkConditions", SLOW)

    await owner.go(PLAN_PAGE)

    await see_plan(owner)


@IN_BOTH_VERSIONS
async def test_elements_come_last(visit: Visit, dashboard: None) -> None:
    """Home Assistant waits for them when it opens the dashboard."""
    is_open = asyncio.Event()

    async def wait(route: Route) -> None:
        await is_open.wait()
        await route.continue_()

    owner = await visit()
    await owner.page.route(OURS, wait)
    going = asyncio.create_task(owner.go(PLAN_PAGE))
    await expect(owner.page.locator("ha-panel-lovelace")).to_be_attached()
    is_open.set()
    await going

    await see_plan(owner)


@pytest.mark.parametrize("version", ["oldest"], indirect=True)
async def test_elements_come_first(visit: Visit, dashboard: None) -> None:
    """Home Assistant then replaces the registry that they were defined in; the newest has nothing come before itself."""
    owner = await visit()

    async def wait(route: Route) -> None:
        await owner.page.evaluate(
            "customElements.whenDefined('flexmeasures-plan-card').then(() => {})"
        )
        await route.continue_()

    await owner.page.route(APP, wait)

    await owner.go(PLAN_PAGE)

    await see_plan(owner)


@IN_BOTH_VERSIONS
async def test_yaml(
    visit: Visit, version: HomeAssistant, planned: str, client: HomeAssistantClient
) -> None:
    """A dashboard that is written by hand has cards and badges, which are told in words and by keys, and views and sections that make themselves."""
    view: dict[str, Any] = {
        "title": "By hand",
        "cards": [{"type": "custom:flexmeasures-plan-card", "device_id": planned}],
        "badges": [{"type": "custom:flexmeasures-plan-badge", "device_id": planned}],
    }
    # JSON is YAML, too.
    views = [
        view,
        {"title": "By itself", **STRATEGY},
        {"title": "In part", "type": "sections", "sections": [STRATEGY]},
    ]
    text = json.dumps({"views": views})
    (version.folder / YAML_FILE).write_text(text)
    owner = await visit()
    await owner.go(YAML_PAGE)
    await see_plan(owner)

    card = owner.page.locator("flexmeasures-plan-card")
    await card.get_by_text("The plan in words").click()
    await expect(card.get_by_role("listitem").first).to_contain_text("kWh")
    slider = card.get_by_role("slider")
    now = await slider.get_attribute("aria-valuetext")
    assert now
    await slider.press("End")
    await expect(slider).not_to_have_attribute("aria-valuetext", now)
    await owner.check()

    await owner.page.get_by_role("tab", name="By itself").click()
    heading = owner.page.locator("hui-heading-card").filter(has_text=BATTERY.name)
    await expect(heading).to_be_visible()
    await see_plan(owner)
    await owner.page.get_by_role("tab", name="In part").click()
    await expect(owner.page.get_by_label("Mode").first).to_be_visible()
    await expect(heading).to_be_visible()
