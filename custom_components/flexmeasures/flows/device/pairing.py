"""Pairing a device's S2 resource manager: what its form makes and shows once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from homeassistant.core import HomeAssistant
from homeassistant.helpers.network import NoURLAvailableError, get_url

from ...cem.server.pairing import hash_token, new_route, new_token, websocket_address
from ...const import CONF_S2_AUTOMATIC, CONF_S2_ROUTE, CONF_S2_TOKEN_HASH

_USUAL_URL = "http://homeassistant.local:8123"


@dataclass(frozen=True, slots=True)
class NewPairing:
    """An address with a new token, which is nowhere else."""

    route: str
    token: str = field(repr=False)
    is_automatic: bool = True
    """Whether the device is controlled, too, as soon as it connects."""

    @classmethod
    def make(cls, present: Mapping[str, Any] | None) -> Self:
        """Make a token, for the address of the present pairing if there is one."""
        if present is None:
            return cls(new_route(), new_token())
        return cls(
            present[CONF_S2_ROUTE], new_token(), present.get(CONF_S2_AUTOMATIC, False)
        )

    @property
    def data(self) -> dict[str, Any]:
        """What is kept."""
        pairing: dict[str, Any] = {
            CONF_S2_ROUTE: self.route,
            CONF_S2_TOKEN_HASH: hash_token(self.token),
        }
        return pairing | ({CONF_S2_AUTOMATIC: True} if self.is_automatic else {})

    def address(self, hass: HomeAssistant) -> str:
        """Return where the device connects, from inside the home if possible."""
        try:
            url = get_url(hass, prefer_external=False, allow_cloud=False)
        except NoURLAvailableError:
            url = _USUAL_URL
        return websocket_address(url, self.route)
