"""Somebody who has nothing on the server yet."""

from collections.abc import AsyncIterator, Callable

import pytest

from custom_components.flexmeasures.api.address import ServerAddress
from custom_components.flexmeasures.api.client import FlexMeasuresApi
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from sandbox.flexmeasures.server import FlexMeasuresServer

type LogIn = Callable[[str], FlexMeasuresApi]


@pytest.fixture
def log_in(hass: HomeAssistant, server: FlexMeasuresServer) -> LogIn:
    """Give a user's own view of the server."""

    def log_in(key: str) -> FlexMeasuresApi:
        user = server.home.user(key)
        return FlexMeasuresApi(
            async_get_clientsession(hass),
            ServerAddress.parse(server.url),
            user.email,
            user.password,
        )

    return log_in


@pytest.fixture
async def newcomer(log_in: LogIn) -> AsyncIterator[FlexMeasuresApi]:
    """The account's owner, who has nothing in the end either."""
    api = log_in("newcomer")
    account = (await api.get_rights()).account_id
    assert await api.get_assets(account) == ()
    yield api
    assets = await api.get_assets(account)
    for asset in sorted(assets, key=lambda asset: asset.id, reverse=True):
        await api._request("DELETE", f"assets/{asset.id}")


@pytest.fixture
def member(log_in: LogIn, newcomer: FlexMeasuresApi) -> FlexMeasuresApi:
    """A member of the same account."""
    return log_in("newcomer_member")
