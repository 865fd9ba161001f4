"""How soon a plan card is painted and takes over another plan, alone and among twenty."""

import argparse
import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any, Final, override

from playwright.async_api import Browser, Page

from sandbox.browser.window import browser

_WWW: Final = Path(__file__).parents[1] / "custom_components/flexmeasures/frontend/www"
_SCRIPT: Final = Path(__file__).parent / "card_page.js"
_PAGE: Final = (
    b"<!doctype html><meta charset=utf-8>"
    b"<style>body{display:grid;grid-template-columns:repeat(4,1fr)}</style>"
    b"<body><script type=module src=/page.js></script>"
)
_CARDS: Final = 20


class _Handler(SimpleHTTPRequestHandler):
    """Serves the page, and the card's modules as Home Assistant does."""

    @override
    def do_GET(self) -> None:
        if self.path.startswith("/www/"):
            self.path = self.path.removeprefix("/www")
            super().do_GET()
            return
        is_script = self.path == "/page.js"
        content = _SCRIPT.read_bytes() if is_script else _PAGE
        self.send_response(200)
        self.send_header(
            "Content-Type", "text/javascript" if is_script else "text/html"
        )
        self.end_headers()
        self.wfile.write(content)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def _served() -> Iterator[str]:
    """Serve the page meanwhile; give its address."""
    handler = partial(_Handler, directory=str(_WWW))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


async def _page(running: Browser, address: str, hours: int) -> Page:
    page = await running.new_page(viewport={"width": 1600, "height": 1200})
    await page.goto(address)
    await page.evaluate(f"window.hours = {hours}")
    return page


async def _measure(running: Browser, address: str, hours: int, runs: int) -> None:
    """Print the medians for plans that are so long."""
    first: list[float] = []
    second: list[float] = []
    for _ in range(runs):
        page = await _page(running, address, hours)
        first.append(await page.evaluate("paint('a')"))
        second.append(await page.evaluate("paint('b')"))
        await page.close()
    page = await _page(running, address, hours)
    devices = [str(number) for number in range(_CARDS)]
    for device in devices:
        await page.evaluate(f"paint('{device}')")
    one = [await page.evaluate(f"update(['3'], {turn})") for turn in range(1, runs + 1)]
    others = [device for device in devices if device != "3"]
    everyone = [
        await page.evaluate(
            "([devices, turn]) => update(devices, turn)", [others, turn]
        )
        for turn in range(1, runs + 1)
    ]
    told = [await page.evaluate("tell()") for _ in range(runs)]
    await page.close()
    for what, values in (
        ("first card, modules loaded too", first),
        ("another card", second),
        (f"another plan for one of {_CARDS}", one),
        (
            f"another plan for {len(others)} of {_CARDS}, each",
            [each / len(others) for each in everyone],
        ),
        (f"new states for all {_CARDS}", told),
    ):
        print(
            f"{hours:4} h  {what:<36} {median(values):6.1f} ms  (longest {max(values):.1f})"
        )


async def _main(runs: int) -> None:
    with _served() as address:
        async with browser() as running:
            for hours in (36, 168):
                await _measure(running, address, hours, runs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    asyncio.run(_main(parser.parse_args().runs))
