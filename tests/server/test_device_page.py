"""The page of a device leads to one that the server has."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from sandbox.flexmeasures.server import FlexMeasuresServer

from .conftest import AddDevice


async def test_page_of_the_asset(
    hass: HomeAssistant, server: FlexMeasuresServer, add_device: AddDevice
) -> None:
    """Whoever is not logged in there is asked to, and then comes to it."""
    battery = await add_device()
    device = dr.async_get(hass).async_get(battery.device_id)
    assert isinstance(device, dr.DeviceEntry)
    assert device.model == "Battery"
    assert device.configuration_url
    assert device.configuration_url.startswith(f"{server.url}/assets/")

    session = async_get_clientsession(hass)
    sensor = server.home.sensor("battery_power")
    for url in (device.configuration_url, f"{server.url}/sensors/{sensor}"):
        async with session.get(url, allow_redirects=False) as answer:
            assert answer.status == 302
            path = url.removeprefix(server.url)
            assert answer.headers["Location"].endswith(f"/login?next={path}")
