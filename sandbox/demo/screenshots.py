"""Takes the pictures of the documentation, from a real server, a real Home Assistant and a real browser: python -m sandbox.demo.screenshots."""

import asyncio
from collections.abc import Mapping
import io
import re
import sys

from PIL import Image
from playwright.async_api import Browser, FloatRect, Locator, Page

from ..browser import first_hour
from ..browser.owner import FLOW_WATCH, Owner
from ..browser.window import browser, go_to, page_of
from ..environments import REPOSITORY
from ..errors import SandboxError
from ..flexmeasures.server import FlexMeasuresServer
from ..home_assistant.client import HomeAssistantClient
from ..home_assistant.instance import HomeAssistant
from ..home_assistant.registry import DOMAIN, device_id
from ..s2.battery import S2Battery
from .dashboard import DASHBOARD_URL
from .devices import BATTERY, CAR, S2_BATTERY, DemoDevice
from .home import Progress, sandbox, set_up
from .meters import ELECTRICITY, GAS, DemoMeter

FOLDER = REPOSITORY / "docs/images"
# Flat areas need few colours, and these keep the smooth edges of letters.
COLOURS = 192
MAX_BYTES = 350_000
# What is shown of the page around a dialog.
MARGIN = 12
SETTLE_SECONDS = 60

WIDE = (1900, 1600)
DESKTOP = (1200, 1650)
PHONE = (430, 932)
PAGE = (1200, 1000)
ENERGY_PAGE = (1200, 1200)
GAS_PAGE = (1200, 840)
BILLS = (1400, 700)
# All of the longest form at once.
FORM = (900, 2600)


class Screenshots:
    """Takes pictures of one Home Assistant."""

    def __init__(
        self, running: Browser, home_assistant: HomeAssistant, report: Progress
    ) -> None:
        """Take them with a browser that runs."""
        self._browser = running
        self._home_assistant = home_assistant
        self._report = report

    async def of_first_hour(
        self, server: FlexMeasuresServer, client: HomeAssistantClient
    ) -> None:
        """Each step from the account to the first plan of a battery, which are added."""
        await first_hour.have_battery(client)
        async with page_of(self._browser, self._home_assistant, size=FORM) as page:
            await page.add_init_script(path=FLOW_WATCH)
            owner = Owner(page, self._home_assistant, FOLDER)

            async def save(name: str) -> None:
                await self._save_dialog(page, name)

            await first_hour.walk(owner, server, save)
        await client.delete(f"states/{first_hour.LEVEL_ENTITY}")

    async def of_settings(self) -> None:
        """The settings of a device, by topic, and how one is paired; nothing is changed."""
        async with page_of(self._browser, self._home_assistant, size=FORM) as page:
            for device in (BATTERY, S2_BATTERY):
                await go_to(
                    page,
                    self._home_assistant,
                    f"config/integrations/integration/{DOMAIN}",
                )
                row = page.locator("ha-config-sub-entry-row").filter(
                    has_text=device.name
                )
                await row.get_by_role("button", name="Change device").click()
                await page.get_by_text("When to reschedule").wait_for()
                if device is BATTERY:
                    await self._save_dialog(page, "settings")
            await page.get_by_text("S2", exact=True).click()
            # The token is not kept: nothing is submitted after it.
            await page.locator("ha-selector-boolean ha-switch").last.click()
            await self._submit(page)
            await page.get_by_text("Connect the device", exact=True).first.wait_for()
            await self._save_dialog(page, "pairing")

    async def of_devices(self, ids: Mapping[DemoDevice, str]) -> None:
        """The pages of devices that are scheduled."""
        for name, device, size, is_dark in (
            ("device", BATTERY, DESKTOP, False),
            ("device_dark", BATTERY, DESKTOP, True),
            ("device_phone", CAR, PHONE, False),
            ("s2_device", S2_BATTERY, DESKTOP, False),
            ("s2_device_phone_dark", S2_BATTERY, PHONE, True),
        ):
            path = f"config/devices/device/{ids[device]}"
            await self._save_page(
                name,
                path,
                "Sensors",
                size,
                is_dark=is_dark,
                is_scrolled=size is PHONE,
            )

    async def of_dashboard(self) -> None:
        """The demo's dashboard."""
        await self._save_page("bills", f"{DASHBOARD_URL}/bills", "Typical month", BILLS)
        path = f"{DASHBOARD_URL}/schedules"
        await self._save_page("dashboard", path, "Setpoint", WIDE)
        await self._save_page(
            "dashboard_phone_dark", path, "Setpoint", PHONE, is_dark=True
        )

    async def of_card(self) -> None:
        """The plan of the battery, as the card shows it."""
        for name, is_dark in (("card", False), ("card_dark", True)):
            async with page_of(
                self._browser, self._home_assistant, size=PHONE, is_dark=is_dark
            ) as page:
                await go_to(page, self._home_assistant, f"{DASHBOARD_URL}/schedules")
                card = page.locator("flexmeasures-plan-card").first
                await card.scroll_into_view_if_needed()
                drawn = card.locator("svg path.up[d^='M']")
                await drawn.wait_for(state="attached")
                await self._save_part(page, card, name)

    async def of_meters(self, ids: Mapping[DemoMeter, str]) -> None:
        """The form of a meter, filled in, and the pages of meters."""
        async with page_of(self._browser, self._home_assistant, size=FORM) as page:
            await go_to(
                page,
                self._home_assistant,
                f"config/integrations/integration/{DOMAIN}",
            )
            row = page.locator("ha-config-sub-entry-row").filter(
                has_text=re.compile(rf"^\s*{ELECTRICITY.name}")
            )
            await row.get_by_role("button", name="Change meter").click()
            await page.get_by_text("Consumption sensor", exact=False).first.wait_for()
            # The demo's server has forecasts already. Nothing is submitted.
            await page.locator("ha-selector-boolean ha-switch").last.click()
            await self._save_dialog(page, "meter_form")
        for name, meter, size, is_dark in (
            ("meter", ELECTRICITY, PAGE, False),
            ("meter_phone_dark", GAS, PHONE, True),
        ):
            path = f"config/devices/device/{ids[meter]}"
            await self._save_page(name, path, "Sensors", size, is_dark=is_dark)

    async def of_energy(self) -> None:
        """The Energy dashboard: a month of electricity and gas, and the sun that is expected today."""
        for name, path, text, size, is_dark, period in (
            (
                "energy_electricity",
                "electricity",
                "Totals",
                ENERGY_PAGE,
                False,
                "this_month",
            ),
            ("energy_gas", "gas", "Totals", GAS_PAGE, False, "this_month"),
            ("energy_phone", "overview", "Totals", PHONE, False, "this_month"),
            (
                "energy_solar_dark",
                "electricity",
                "Solar production",
                PAGE,
                True,
                "today",
            ),
        ):
            await self._save_page(
                name,
                f"energy/{path}",
                text,
                size,
                is_dark=is_dark,
                storage={"energy-default-period-_energy_dashboard": period},
            )

    async def _submit(self, page: Page) -> None:
        await page.get_by_role("button", name="Submit").click()

    async def _save_page(
        self,
        name: str,
        path: str,
        text: str,
        size: tuple[int, int],
        *,
        is_dark: bool = False,
        is_scrolled: bool = False,
        storage: Mapping[str, str] | None = None,
    ) -> None:
        """Save a page once it has a text, as it is or with that text at its top.

        `storage` is what the browser remembers.
        """
        async with page_of(
            self._browser,
            self._home_assistant,
            size=size,
            is_dark=is_dark,
            storage=storage,
        ) as page:
            await go_to(page, self._home_assistant, path)
            await page.get_by_text(text, exact=True).first.wait_for()
            shown = await settled(page)
            if is_scrolled:
                await page.get_by_text(text, exact=True).first.evaluate(
                    "element => element.scrollIntoView()"
                )
                shown = await settled(page)
            self._write(name, shown)

    async def _save_dialog(self, page: Page, name: str) -> None:
        """Save the dialog that is open."""
        await self._save_part(page, page.locator("dialog[open]").first, name)

    async def _save_part(self, page: Page, part: Locator, name: str) -> None:
        """Save a part of a page, with a little of what is around it."""
        await settled(page)
        box = await part.bounding_box()
        assert box
        clip = FloatRect(
            x=box["x"] - MARGIN,
            y=box["y"] - MARGIN,
            width=box["width"] + 2 * MARGIN,
            height=box["height"] + 2 * MARGIN,
        )
        self._write(name, await page.screenshot(clip=clip))

    def _write(self, name: str, picture: bytes) -> None:
        """Keep a picture, small enough to be looked at over a slow line."""
        file = FOLDER / f"{name}.png"
        with Image.open(io.BytesIO(picture)) as image:
            image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(
                file, optimize=True
            )
        size = file.stat().st_size
        self._report(f"{file.relative_to(REPOSITORY)}: {size / 1000:.0f} kB")
        if size > MAX_BYTES:
            raise SandboxError(f"{file.name} is too big: {size} bytes")


async def settled(page: Page) -> bytes:
    """Take a picture of a page once it no longer changes."""
    async with asyncio.timeout(SETTLE_SECONDS):
        before = b""
        while (picture := await page.screenshot()) != before:
            before = picture
            await asyncio.sleep(0.5)
        return before


async def take(
    server: FlexMeasuresServer,
    home_assistant: HomeAssistant,
    battery: S2Battery,
    report: Progress,
) -> None:
    """Take all pictures."""
    FOLDER.mkdir(exist_ok=True)
    async with (
        browser() as running,
        HomeAssistantClient(home_assistant.url, home_assistant.token) as client,
    ):
        screenshots = Screenshots(running, home_assistant, report)
        await screenshots.of_first_hour(server, client)
        for entry in await client.command("config_entries/get", domain=DOMAIN):
            await client.delete(f"config/config_entries/entry/{entry['entry_id']}")
        await set_up(client, server, battery, report)
        await screenshots.of_devices(
            {
                device: await device_id(client, device)
                for device in (BATTERY, CAR, S2_BATTERY)
            }
        )
        await screenshots.of_settings()
        await screenshots.of_meters(
            {meter: await device_id(client, meter) for meter in (ELECTRICITY, GAS)}
        )
        await screenshots.of_energy()
        await screenshots.of_dashboard()
        await screenshots.of_card()


def main() -> int:
    """Run the sandbox for as long as the pictures take."""
    report = Progress()
    try:
        with sandbox(report) as (server, home_assistant, battery):
            asyncio.run(take(server, home_assistant, battery, report))
    except SandboxError as error:
        print(f"No pictures could be taken: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
