"""Pairing a device's S2 resource manager: what its form makes and shows once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from homeassistant.core import HomeAssistant
from homeassistant.helpers.network import NoURLAvailableError, get_url

from ...cem.server.pairing import hash_token, new_route, new_token, websocket_address
from ...const import CONF_S2_ROUTE, CONF_S2_TOKEN_HASH

_USUAL_URL = "http://homeassistant.local:8123"


@dataclass(frozen=True, slots=True)
class NewPairing:
    """An address with a new token, which is nowhere else."""

    route: str
    token: str = field(repr=False)

    @classmethod
    def make(cls, present: Mapping[str, str] | None) -> Self:
        """Make a token, for the address of the present pairing if there is one."""
        return cls(present[CONF_S2_ROUTE] if present else new_route(), new_token())

    @property
    def data(self) -> dict[str, str]:
        """What is kept."""
        return {CONF_S2_ROUTE: self.route, CONF_S2_TOKEN_HASH: hash_token(self.token)}

    def address(self, hass: HomeAssistant) -> str:
        """Return where the device connects, from inside the home if possible."""
        try:
            url = get_url(hass, prefer_external=False, allow_cloud=False)
        except NoURLAvailableError:
            url = _USUAL_URL
        return websocket_address(url, self.route)
