"""The facts of a device that speaks S2: it tells the rest itself."""

from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol

from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import TextSelector

from ....const import CONF_S2
from ...device.pairing import NewPairing
from ...device.settings_form import S2_SENSOR_UNITS
from ..making.devices import Kind, S2Device
from ..making.wanted import USUAL_SETTINGS, WantedDevice
from .facts_form import FactsForm


class S2Form(FactsForm):
    """Asks what the device is called."""

    step_id = "s2"
    kind = Kind.S2
    identity = CONF_NAME

    @override
    def schema(self) -> vol.Schema:
        return vol.Schema({vol.Required(CONF_NAME): TextSelector()})

    @override
    def values(self) -> dict[str, Any]:
        return {}

    @override
    def _read(self, user_input: Mapping[str, Any]) -> WantedDevice | None:
        if not (name := user_input[CONF_NAME].strip()):
            self.errors[CONF_NAME] = "name_missing"
            return None
        # One token, however often the form is submitted.
        self.pairing = self.pairing or NewPairing.make(None)
        return WantedDevice(
            asset=S2Device(key=self._key(name), name=name).order(),
            settings={**USUAL_SETTINGS, CONF_S2: self.pairing.data},
            sensors=tuple(S2_SENSOR_UNITS),
        )
