"""Where the devices of the simulated home are found."""

from typing import TYPE_CHECKING, Final

from homeassistant.util.hass_dict import HassKey

if TYPE_CHECKING:
    from .devices import Device

DOMAIN: Final = "simulated_home"
DATA_HOME: HassKey[dict[str, Device]] = HassKey(DOMAIN)
"""The devices, by their names."""
