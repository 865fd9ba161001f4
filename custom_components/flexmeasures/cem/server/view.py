"""The address that S2 resource managers connect to."""

from collections.abc import Callable
import logging
import re
from typing import Final, Protocol
from urllib.parse import unquote

from aiohttp.hdrs import AUTHORIZATION
from aiohttp.web import (
    HTTPServiceUnavailable,
    HTTPTooManyRequests,
    HTTPUnauthorized,
    Request,
    StreamResponse,
    WebSocketResponse,
)

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.http import HomeAssistantView, current_request
from homeassistant.util.hass_dict import HassKey

from ...const import CONF_S2, CONF_S2_ROUTE, CONF_S2_TOKEN_HASH, DOMAIN, SUBENTRY_DEVICE
from ...s2.session.endings import EndReason
from .pairing import hash_token, matches, offered_token

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

_WORD = re.compile(r"[\w-]+")
"""What a token in an address looks like."""


class Connectable(Protocol):
    """What an RM can be connected with."""

    @property
    def name(self) -> str:
        """Of the device that the RM speaks for."""

    @property
    def is_token_void(self) -> bool:
        """Whether its token lets nobody in any more."""

    @callback
    def async_void_token(self) -> None:
        """Let in nobody with its present token any more."""

    @callback
    def async_admit(self) -> bool:
        """Return whether another connection may come, in the place of the present one."""

    async def async_hold(
        self, socket: WebSocketResponse, abort: Callable[[], None]
    ) -> None:
        """Speak with an RM until its connection ends."""

    @callback
    def async_disconnect(self, reason: EndReason) -> None:
        """End the connection, and let none in any more."""


_CONNECTABLES: Final[HassKey[dict[str, Connectable]]] = HassKey(f"{DOMAIN}_s2_routes")
"""By the ends of their addresses."""
_EXPOSED: Final[HassKey[set[str]]] = HassKey(f"{DOMAIN}_s2_exposed")
"""Hashes of tokens that were in an address while their devices were not loaded."""


@callback
def async_setup_view(hass: HomeAssistant) -> None:
    """Register the address, which then stays."""
    view = ResourceManagerView(hass)
    hass.http.register_view(view)
    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, view.async_stop)


@callback
def async_connect_at(
    hass: HomeAssistant, route: str, token_hash: str, connectable: Connectable
) -> CALLBACK_TYPE:
    """Connect RMs that come to an address with something; return how to stop."""
    connectables = hass.data.setdefault(_CONNECTABLES, {})
    connectables[route] = connectable
    exposed = hass.data.get(_EXPOSED, set())
    if token_hash in exposed:
        exposed.remove(token_hash)
        connectable.async_void_token()

    @callback
    def disconnect() -> None:
        del connectables[route]

    return disconnect


class ResourceManagerView(HomeAssistantView):
    """Lets RMs in that know the pairing token of their device.

    Home Assistant's own login would take a token that opens all of Home Assistant. A
    wrong one counts as a failed login all the same, and is logged with the address: a
    token that is a part of it is one no more. The right one makes no failed login
    forgotten: whoever holds it could try passwords for ever.
    """

    # Whatever comes after it, or a token there would not be noticed.
    url = f"/api/{DOMAIN}/s2/{{route:.*}}"
    name = f"api:{DOMAIN}:s2"
    requires_auth = False

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without connections."""
        self._hass = hass
        self._connected: list[Connectable] = []
        """One for each connection."""

    async def get(self, request: Request, route: str) -> StreamResponse:
        """Hold a connection of an RM (WebSocket, S2-JSON)."""
        self._void_exposed(request)
        connectable = self._connectable(request, route)
        if (
            len(self._connected) >= _MOST_CONNECTIONS
            and connectable not in self._connected
        ):
            _LOGGER.warning(
                "%s cannot connect: there are %s S2 connections already",
                connectable.name,
                _MOST_CONNECTIONS,
            )
            raise HTTPServiceUnavailable
        if not connectable.async_admit():
            raise HTTPTooManyRequests
        socket = WebSocketResponse(
            heartbeat=_HEARTBEAT,
            max_msg_size=_LONGEST_FRAME,
            timeout=_CLOSE_PATIENCE,
            writer_limit=_MOST_BUFFERED,
        )
        self._connected.append(connectable)
        try:
            await socket.prepare(request)
            if (transport := request.transport) is None:
                # It is gone again already.
                return socket
            # Tasks and timers that begin from here would keep the request, and with it
            # the token.
            current_request.set(None)
            await connectable.async_hold(socket, transport.abort)
        finally:
            self._connected.remove(connectable)
        return socket

    @callback
    def async_stop(self, _event: Event) -> None:
        """Tell all RMs to come back later."""
        for connectable in list(self._connected):
            connectable.async_disconnect(EndReason.UNLOADED)

    def _void_exposed(self, request: Request) -> None:
        """Let tokens be void that are in the address, which many a log holds."""
        hashes = set(map(hash_token, _WORD.findall(unquote(request.path_qs))))
        for entry in self._hass.config_entries.async_entries(DOMAIN):
            for device in entry.get_subentries_of_type(SUBENTRY_DEVICE):
                pairing = device.data.get(CONF_S2)
                if not pairing or pairing[CONF_S2_TOKEN_HASH] not in hashes:
                    continue
                connectables = self._hass.data.get(_CONNECTABLES, {})
                if connectable := connectables.get(pairing[CONF_S2_ROUTE]):
                    connectable.async_void_token()
                else:
                    exposed = self._hass.data.setdefault(_EXPOSED, set())
                    exposed.add(pairing[CONF_S2_TOKEN_HASH])

    def _connectable(self, request: Request, route: str) -> Connectable:
        """Return what the token is for; raises HTTPUnauthorized and HTTPServiceUnavailable."""
        token = offered_token(request.headers.get(AUTHORIZATION, ""))
        # Some devices append what they call themselves.
        route = route.partition("/")[0]
        found: ConfigEntry | None = None
        token_hash = _NO_HASH
        for entry in self._hass.config_entries.async_entries(DOMAIN):
            for device in entry.get_subentries_of_type(SUBENTRY_DEVICE):
                pairing = device.data.get(CONF_S2)
                if pairing and pairing[CONF_S2_ROUTE] == route:
                    found, token_hash = entry, pairing[CONF_S2_TOKEN_HASH]
        is_right = matches(token, token_hash)
        if found is None or not is_right:
            raise HTTPUnauthorized
        connectable = self._hass.data.get(_CONNECTABLES, {}).get(route)
        # One that has S2 since a moment ago is loaded next.
        if found.state is not ConfigEntryState.LOADED or connectable is None:
            raise HTTPServiceUnavailable
        if connectable.is_token_void:
            raise HTTPUnauthorized
        return connectable
