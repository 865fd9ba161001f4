"""A real browser that shows Home Assistant's frontend: runs in the browser environment."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
import json

from playwright.async_api import Browser, Page, async_playwright

from ..home_assistant.instance import HomeAssistant
from .chromium import launch

# The frontend is usable when it has the states, and has taken its launch screen away.
READY = """() => {
  const hass = document.querySelector('home-assistant')?.hass;
  return hass?.connected && Object.keys(hass.services ?? {}).length > 0
    && !document.querySelector('#ha-launch-screen');
}"""
START_MILLISECONDS = 60_000
NEVER = 4102444800000


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Run a browser; one is fetched if this machine has none."""
    async with async_playwright() as playwright:
        running = await launch(playwright)
        try:
            yield running
        finally:
            await running.close()


@asynccontextmanager
async def page_of(
    running: Browser,
    home_assistant: HomeAssistant,
    *,
    size: tuple[int, int],
    is_dark: bool = False,
    storage: Mapping[str, str] | None = None,
    keeps_frontend: bool = False,
) -> AsyncIterator[Page]:
    """Open a window in which the owner is logged in to Home Assistant.

    `storage` is what the frontend finds in the browser besides. One that `keeps_frontend`
    shows copies of it where Home Assistant's service worker says so.
    """
    width, height = size
    context = await running.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=2,
        color_scheme="dark" if is_dark else "light",
        locale="en-GB",
        timezone_id="Europe/Amsterdam",
        reduced_motion="reduce",
        service_workers="allow" if keeps_frontend else "block",
    )
    try:
        tokens = {
            "access_token": home_assistant.token,
            "token_type": "Bearer",
            "expires_in": NEVER,
            "expires": NEVER,
            "refresh_token": "",
            "hassUrl": home_assistant.url,
            "clientId": f"{home_assistant.url}/",
        }
        for key, value in {"hassTokens": json.dumps(tokens), **(storage or {})}.items():
            await context.add_init_script(
                f"localStorage.setItem({json.dumps(key)}, {json.dumps(value)})"
            )
        page = await context.new_page()
        page.set_default_timeout(START_MILLISECONDS)
        yield page
    finally:
        await context.close()


async def go_to(page: Page, home_assistant: HomeAssistant, path: str) -> None:
    """Go to a page of Home Assistant and wait until it is there."""
    await page.goto(f"{home_assistant.url}/{path}")
    await page.wait_for_function(READY)
    await page.wait_for_load_state("networkidle")
