"""Takes pictures of a real Home Assistant in a real browser, each in light and in dark, for screens of any density."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
import io
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, FloatRect, Locator, Page

from ..browser.owner import FLOW_WATCH, Owner
from ..browser.window import go_to, page_of
from ..demo.home import Progress
from ..environments import REPOSITORY
from ..errors import SandboxError
from ..home_assistant.instance import HomeAssistant

FOLDER = REPOSITORY / "docs/images"
# What is added to the name of a picture in dark.
DARK = "_dark"
# Flat areas need few colours, and these keep the smooth edges of letters.
COLOURS = 192
MAX_BYTES = 350_000
# What is shown of the page around a part of it.
MARGIN = 12
SETTLE_SECONDS = 60

PHONE = (430, 932)
PAGE = (1200, 1000)
# All of the longest form at once.
FORM = (900, 2600)

type Size = tuple[int, int]


class Camera:
    """Takes pictures of one Home Assistant."""

    def __init__(
        self, running: Browser, home_assistant: HomeAssistant, report: Progress
    ) -> None:
        """Take them with a browser that runs."""
        self._browser = running
        self._home_assistant = home_assistant
        self._report = report

    @asynccontextmanager
    async def window(
        self, size: Size = FORM, storage: Mapping[str, str] | None = None
    ) -> AsyncIterator[Owner]:
        """Open a window of the owner's; `storage` is what the browser remembers."""
        async with page_of(
            self._browser, self._home_assistant, size=size, storage=storage
        ) as page:
            await page.add_init_script(path=FLOW_WATCH)
            yield Owner(page, self._home_assistant, FOLDER)

    async def page(
        self,
        name: str,
        path: str,
        text: str,
        size: Size = PAGE,
        *,
        is_scrolled: bool = False,
        storage: Mapping[str, str] | None = None,
    ) -> None:
        """Take a page once it has a text, as it is or with that text at its top."""
        async with self.window(size, storage) as owner:
            page = owner.page
            await go_to(page, self._home_assistant, path)
            found = page.get_by_text(text, exact=True).first
            await found.wait_for()
            await settled(page)
            if is_scrolled:
                await found.evaluate("element => element.scrollIntoView()")
            await self._take(page, name, page.screenshot)

    async def dialog(self, page: Page, name: str) -> None:
        """Take the dialog that is open."""
        await self.part(page, page.locator("dialog[open]").first, name)

    async def part(
        self, page: Page, part: Locator, name: str, last: Locator | None = None
    ) -> None:
        """Take a part of a page, down to the `last` one if there are several, with a little of what is around it."""

        async def shot() -> bytes:
            box, end = await part.bounding_box(), await (last or part).bounding_box()
            assert box
            assert end
            clip = FloatRect(
                x=box["x"] - MARGIN,
                y=box["y"] - MARGIN,
                width=box["width"] + 2 * MARGIN,
                height=end["y"] + end["height"] - box["y"] + 2 * MARGIN,
            )
            picture: bytes = await page.screenshot(clip=clip)
            return picture

        await self._take(page, name, shot)

    async def _take(
        self, page: Page, name: str, shot: Callable[[], Awaitable[bytes]]
    ) -> None:
        """Take the same in both looks."""
        await settled(page)
        self._write(name, await shot())
        await page.emulate_media(color_scheme="dark")
        await settled(page)
        self._write(name + DARK, await shot())
        await page.emulate_media(color_scheme="light")

    def _write(self, name: str, picture: bytes) -> None:
        """Keep a picture, small enough to be looked at over a slow line."""
        file = FOLDER / f"{name}.png"
        with Image.open(io.BytesIO(picture)) as image:
            image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(
                file, optimize=True
            )
        self.report(file)

    def report(self, file: Path) -> None:
        """Say that a file is there, and how big it is; raises SandboxError if that is too much."""
        size = file.stat().st_size
        self._report(f"{file.relative_to(REPOSITORY)}: {size / 1000:.0f} kB")
        if size > MAX_BYTES:
            raise SandboxError(f"{file.name} is too big: {size} bytes")


async def settled(page: Page) -> None:
    """Wait until a page no longer changes."""
    async with asyncio.timeout(SETTLE_SECONDS):
        before = b""
        while (picture := await page.screenshot()) != before:
            before = picture
            await asyncio.sleep(0.5)
