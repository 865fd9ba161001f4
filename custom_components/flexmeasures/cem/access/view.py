"""The address that S2 resource managers connect to."""

import logging

from aiohttp.hdrs import AUTHORIZATION
from aiohttp.web import (
    HTTPServiceUnavailable,
    HTTPTooManyRequests,
    HTTPUnauthorized,
    Request,
    StreamResponse,
    WebSocketResponse,
)

from homeassistant.components.http.ban import process_success_login
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.http import HomeAssistantView, current_request

from ...account import FlexMeasuresConfigEntry
from ...const import CONF_S2, CONF_S2_ROUTE, CONF_S2_TOKEN_HASH, DOMAIN, SUBENTRY_DEVICE
from ...s2.endings import EndReason
from ..resource import ManagedResource
from .pairing import matches

_LOGGER = logging.getLogger(__name__)

_MOST_CONNECTIONS = 32
_LONGEST_FRAME = 512 * 1024
_HEARTBEAT = 30.0
_MOST_BUFFERED = 16 * 1024
"""Bytes; beyond them an RM that does not read is waited for."""
_CLOSE_PATIENCE = 1.0
"""Seconds that an RM has to answer a closing frame."""

# Compared with where there is nothing to compare with, so that an unknown address
# takes as long as a wrong token.
_NO_HASH = "0" * 64


@callback
def async_setup_view(hass: HomeAssistant) -> None:
    """Register the address, which then stays."""
    view = ResourceManagerView(hass)
    hass.http.register_view(view)
    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, view.async_stop)


class ResourceManagerView(HomeAssistantView):
    """Lets RMs in that know the pairing token of their device.

    Home Assistant's own login would take a token that opens all of Home Assistant. A
    wrong one counts as a failed login all the same.
    """

    url = f"/api/{DOMAIN}/s2/{{route}}"
    name = f"api:{DOMAIN}:s2"
    requires_auth = False

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without connections."""
        self._hass = hass
        self._resources: list[ManagedResource] = []
        """One for each connection."""

    async def get(self, request: Request, route: str) -> StreamResponse:
        """Hold a connection of an RM (WebSocket, S2-JSON)."""
        resource = self._resource(request, route)
        process_success_login(request)
        if (
            len(self._resources) >= _MOST_CONNECTIONS
            and resource not in self._resources
        ):
            _LOGGER.warning(
                "%s cannot connect: there are %s S2 connections already",
                resource.name,
                _MOST_CONNECTIONS,
            )
            raise HTTPServiceUnavailable
        if not resource.async_admit():
            raise HTTPTooManyRequests
        socket = WebSocketResponse(
            heartbeat=_HEARTBEAT,
            max_msg_size=_LONGEST_FRAME,
            timeout=_CLOSE_PATIENCE,
            writer_limit=_MOST_BUFFERED,
        )
        self._resources.append(resource)
        try:
            await socket.prepare(request)
            assert request.transport
            # Tasks and timers that begin from here would keep the request, and with it
            # the token.
            current_request.set(None)
            await resource.async_hold(socket, request.transport.abort)
        finally:
            self._resources.remove(resource)
        return socket

    @callback
    def async_stop(self, _event: Event) -> None:
        """Tell all RMs to come back later."""
        for resource in list(self._resources):
            resource.link.async_close(EndReason.UNLOADED)

    def _resource(self, request: Request, route: str) -> ManagedResource:
        """The device whose token was given; raises HTTPUnauthorized and HTTPServiceUnavailable."""
        scheme, _, token = request.headers.get(AUTHORIZATION, "").partition(" ")
        found = None
        token_hash = _NO_HASH
        entries: list[FlexMeasuresConfigEntry] = (
            self._hass.config_entries.async_entries(DOMAIN)
        )
        for entry in entries:
            for device in entry.get_subentries_of_type(SUBENTRY_DEVICE):
                pairing = device.data.get(CONF_S2)
                if pairing and pairing[CONF_S2_ROUTE] == route:
                    found, token_hash = (entry, device), pairing[CONF_S2_TOKEN_HASH]
        is_right = matches(token.strip(), token_hash)
        if found is None or not is_right or scheme.lower() != "bearer":
            raise HTTPUnauthorized
        entry, device = found
        is_loaded = entry.state is ConfigEntryState.LOADED
        resources = entry.runtime_data.resources if is_loaded else {}
        # One that has S2 since a moment ago comes with the reload that follows.
        if (resource := resources.get(device.subentry_id)) is None:
            raise HTTPServiceUnavailable
        return resource
