"""Takes the pictures of the documentation, from a real server, a real Home Assistant and a real browser: python -m sandbox.pictures."""

import asyncio
import sys

from ..browser.window import browser
from ..demo.devices import BATTERY, CAR, S2_BATTERY, DemoDevice
from ..demo.home import Progress, sandbox, set_up
from ..demo.meters import ELECTRICITY, GAS
from ..errors import SandboxError
from ..flexmeasures.server import FlexMeasuresServer
from ..home_assistant.client import HomeAssistantClient
from ..home_assistant.instance import HomeAssistant
from ..home_assistant.registry import DOMAIN, device_id
from ..s2.battery import S2Battery
from . import devices, feeds, film, first_hour, meters
from .camera import FOLDER, Camera


async def take(
    server: FlexMeasuresServer,
    home_assistant: HomeAssistant,
    battery: S2Battery,
    report: Progress,
) -> None:
    """Take all pictures: of a newcomer's home, of one with feeds, and of the demo's."""
    FOLDER.mkdir(exist_ok=True)
    async with (
        browser() as running,
        HomeAssistantClient(home_assistant.url, home_assistant.token) as client,
    ):
        camera = Camera(running, home_assistant, report)
        await first_hour.take(camera, client, server)
        await _forget_accounts(client)
        await feeds.take(camera, client, server, report)
        await _forget_accounts(client)
        await set_up(client, server, battery, report)
        shown = (BATTERY, CAR, S2_BATTERY)
        ids: dict[DemoDevice, str] = {
            device: await device_id(client, device) for device in shown
        }
        await devices.take_pages(camera, ids)
        await devices.take_settings(camera)
        await devices.take_dashboard(camera, client, ids[BATTERY])
        await meters.take_pages(
            camera,
            {meter: await device_id(client, meter) for meter in (ELECTRICITY, GAS)},
        )
        await meters.take_energy(camera)
        await feeds.take_page(camera, client)
        await devices.take_following(camera, client, ids[BATTERY])
    film.make(camera)


async def _forget_accounts(client: HomeAssistantClient) -> None:
    for entry in await client.command("config_entries/get", domain=DOMAIN):
        await client.delete(f"config/config_entries/entry/{entry['entry_id']}")


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
