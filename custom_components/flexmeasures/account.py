"""The way from an account's data to its server."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .address import ServerAddress
from .api import FlexMeasuresApi


@callback
def async_account_api(hass: HomeAssistant, data: Mapping[str, Any]) -> FlexMeasuresApi:
    """The server as the login of a config entry's data sees it."""
    return FlexMeasuresApi(
        async_get_clientsession(hass),
        ServerAddress.parse(data[CONF_HOST]),
        data[CONF_USERNAME],
        data[CONF_PASSWORD],
    )
