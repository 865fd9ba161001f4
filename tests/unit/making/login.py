"""Who makes a home."""

from custom_components.flexmeasures.api.address import ServerAddress
from custom_components.flexmeasures.api.client import FlexMeasuresApi
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..fake_server import EMAIL, PASSWORD, URL_OF_SERVER


def api_of(hass: HomeAssistant, **changes: str) -> FlexMeasuresApi:
    """Give a login, by default the account-admin's."""
    login = {"username": EMAIL, "password": PASSWORD} | changes
    return FlexMeasuresApi(
        async_get_clientsession(hass), ServerAddress.parse(URL_OF_SERVER), **login
    )
