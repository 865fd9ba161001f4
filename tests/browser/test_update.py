"""An update of the integration while pages are open, in a browser that keeps copies of the frontend."""

from collections.abc import Iterator
import json
from pathlib import Path
import shutil

from playwright.async_api import Browser, expect
import pytest

from sandbox.browser.owner import DESKTOP
from sandbox.browser.window import go_to, page_of
from sandbox.demo.home import Progress, configure
from sandbox.environments import REPOSITORY
from sandbox.flexmeasures.server import FlexMeasuresServer
from sandbox.home_assistant.client import HomeAssistantClient
from sandbox.home_assistant.instance import HomeAssistant
from sandbox.home_assistant.registry import DOMAIN

from .conftest import OLDEST, YAML_DASHBOARD, YAML_FILE, YAML_PAGE

# Of a device that is gone, where the card says so.
TEXTS = "frontend/www/texts/en-more.js"
OLD, NEW = "is not there any more", "has left for good"
# As a link does that is pressed.
GO_ON = """path => {
  history.pushState(null, "", path);
  window.dispatchEvent(new CustomEvent("location-changed"));
}"""


@pytest.fixture
def updatable(tmp_path: Path) -> Iterator[HomeAssistant]:
    """A Home Assistant with a copy of the integration, whose service worker shows old copies before it asks."""
    integrations = REPOSITORY / "custom_components"
    shutil.copytree(integrations, tmp_path / integrations.name)
    card = {"type": "custom:flexmeasures-plan-card", "device_id": "gone"}
    badge = {"type": "custom:flexmeasures-plan-badge", "device_id": "gone"}
    views = [{"cards": [card]}, {"badges": [badge]}]
    (tmp_path / YAML_FILE).write_text(json.dumps({"views": views}))
    with HomeAssistant(
        tmp_path, environment=OLDEST, configuration=YAML_DASHBOARD, host="localhost"
    ) as running:
        yield running


def update(home_assistant: HomeAssistant) -> None:
    """Install another version, with another text, and restart."""
    home_assistant.stop()
    integration = home_assistant.folder / "custom_components" / DOMAIN
    manifest = integration / "manifest.json"
    facts = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**facts, "version": "99.0.0"}))
    texts = integration / TEXTS
    texts.write_text(texts.read_text().replace(OLD, NEW))
    home_assistant.start()


async def test_update(
    browser: Browser, server: FlexMeasuresServer, updatable: HomeAssistant
) -> None:
    """What is open goes on, also where more of it has yet to be loaded, and one reload is enough."""
    async with HomeAssistantClient(updatable.url, updatable.token) as client:
        await configure(client, server, Progress(), [])
    async with page_of(browser, updatable, size=DESKTOP, keeps_frontend=True) as page:
        await go_to(page, updatable, f"{YAML_PAGE}/0")
        card = page.locator("flexmeasures-plan-card")
        await expect(card).to_contain_text(OLD)
        # It reloads itself once there is a service worker, which keeps a copy of it.
        await page.wait_for_function("caches.match(location.href)")
        await expect(card).to_contain_text(OLD)
        other = await page.context.new_page()
        await go_to(other, updatable, "profile/general")

        update(updatable)

        await other.evaluate(GO_ON, f"/{YAML_PAGE}/1")
        badge = other.locator("flexmeasures-plan-badge")
        await expect(badge).to_contain_text("Unavailable")
        await expect(card).to_contain_text(OLD)
        await page.reload()
        await expect(card).to_contain_text(NEW)
