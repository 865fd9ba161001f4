"""What is asked of any kind of device: a few facts."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from itertools import chain, count
from typing import Any, ClassVar, Final

import voluptuous as vol

from homeassistant.core import HomeAssistant

from ....const import CONF_CAPACITY, CONF_SOC_ENTITY
from ....feeds.entities import async_registry_key
from ...device.pairing import NewPairing
from ...doubts import Doubts, doubtful_power
from ...wording import Wording
from ..known import Known, async_thing_of
from ..making.devices import Kind
from ..making.wanted import WantedDevice, external_id

POWER: Final = "power"
LITRES: Final = "litres"

_NOT_POSITIVE: Final = {
    CONF_CAPACITY: "capacity_missing",
    POWER: "power_not_positive",
    LITRES: "litres_not_positive",
}


class FactsForm(ABC):
    """Asks for the facts of one device, and reads them."""

    step_id: ClassVar[str]
    kind: ClassVar[Kind]
    identity: ClassVar[str] = CONF_SOC_ENTITY
    """The field by which a device is known again."""

    def __init__(
        self,
        hass: HomeAssistant,
        wording: Wording,
        instance: str,
        known: Known,
        present: Mapping[str, str],
    ) -> None:
        """Start with what is known; `instance` tells this Home Assistant from others.

        `present` are the names of the devices that there are, by the keys of their assets.
        """
        self._hass = hass
        self._wording = wording
        self._texts = wording.text
        self._doubts = Doubts()
        self._instance = instance
        self._known = known
        self._present = present
        self.errors: dict[str, str] = {}
        """By field."""
        self.placeholders: dict[str, str] = {}
        """Of the errors."""
        self.pairing: NewPairing | None = None
        """What the device connects with, if it speaks S2."""

    @abstractmethod
    def schema(self) -> vol.Schema:
        """Return the form."""

    @abstractmethod
    def values(self) -> dict[str, Any]:
        """Return what the form shows at first."""

    def read(self, user_input: Mapping[str, Any]) -> WantedDevice | None:
        """Return what is wanted; None, with errors, if that is not clear or there already."""
        self.errors, self.placeholders = {}, {}
        wanted = self._read(user_input)
        if wanted and (device := self._present.get(wanted.asset.key)):
            self.errors[self.identity] = "device_exists"
            self.placeholders = {"device": device}
            return None
        return wanted

    @abstractmethod
    def _read(self, user_input: Mapping[str, Any]) -> WantedDevice | None:
        """Return what is wanted; None, with errors, if that is not clear."""

    def _name(self, entity_id: str | None) -> str:
        """Return what the device is called in Home Assistant, else what it is.

        With a number if another device has that name.
        """
        name = async_thing_of(self._hass, entity_id) or self._texts(self._name_key)
        names = chain((name,), (f"{name} {number}" for number in count(2)))
        return next(each for each in names if each not in self._present.values())

    @property
    def _name_key(self) -> str:
        """The key of what any such device is called."""
        return f"kind_{self.kind.value}"

    def _key(self, identity: str) -> str:
        return external_id(self._instance, self.kind, identity)

    def _key_of(self, entity_id: str) -> str:
        """Return the key of what an entity is about, whatever that is called later."""
        return self._key(async_registry_key(self._hass, entity_id))

    def _next_key(self) -> str:
        """Return the key of one of which nothing but its kind is known: no other device's."""
        numbers = (f"{self.kind} {number}" for number in count(2))
        keys = map(self._key, chain((str(self.kind),), numbers))
        return next(key for key in keys if key not in self._present)

    def _check_positive(self, user_input: Mapping[str, Any], *keys: str) -> None:
        for key in keys:
            if user_input.get(key, 0) <= 0:
                self.errors[key] = _NOT_POSITIVE[key]

    def _ask_back_power(
        self, user_input: Mapping[str, Any], capacity_kwh: float | None = None
    ) -> None:
        """Ask back a power that is likely in W."""
        if POWER not in self.errors:
            doubt = doubtful_power(self._wording, user_input[POWER], capacity_kwh)
            self._doubts.note(POWER, doubt, self.errors, self.placeholders)
