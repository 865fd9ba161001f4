"""The facts of batteries, cars and the like: what they hold, and their power."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Final, TypedDict, override

import voluptuous as vol

from homeassistant.const import CONF_NAME, PERCENTAGE, UnitOfEnergy, UnitOfPower
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    TextSelector,
)

from ....const import CONF_CAPACITY, CONF_SOC_ENTITY, CONF_TRIGGER_ENTITIES
from ...doubts import doubtful_energy
from ...fields import AmountSelector
from ..making.devices import Battery, Car, Device, Kind, Other
from ..making.readiness import IN_THE_MORNING, READY_BY, Readiness, ready_by_field
from .facts_form import POWER
from .storage_form import StorageForm

LOWEST: Final = "lowest"
PLUG: Final = "plug"
DISCHARGES: Final = "discharges"
MORE: Final = "more"

_LOWEST: Final = 10
# With all of it kept, there would be nothing to plan.
_HIGHEST: Final = 99


class _Common(TypedDict):
    """What is ordered of anything that has a capacity and a power."""

    key: str
    name: str
    capacity_kwh: float
    power_kw: float


class SizedForm(StorageForm):
    """Asks how full something is, what it holds, and its power."""

    @override
    def schema(self) -> vol.Schema:
        return vol.Schema(
            {
                **self._first_fields(),
                vol.Optional(CONF_SOC_ENTITY): self._level_selector(),
                vol.Optional(CONF_CAPACITY): AmountSelector(
                    UnitOfEnergy.KILO_WATT_HOUR
                ),
                vol.Optional(POWER): AmountSelector(UnitOfPower.KILO_WATT),
                **self._last_fields(),
            }
        )

    @override
    def values(self) -> dict[str, Any]:
        return {
            CONF_SOC_ENTITY: self._known.entity_id,
            CONF_CAPACITY: self._known.capacity_kwh,
            POWER: self._known.power_kw,
        }

    def _first_fields(self) -> dict[vol.Marker, Any]:
        """Return what is asked before."""
        return {}

    @abstractmethod
    def _last_fields(self) -> dict[vol.Marker, Any]:
        """Return what is asked after that."""

    @override
    def _check(self, user_input: Mapping[str, Any]) -> None:
        self._check_positive(user_input, CONF_CAPACITY, POWER)
        capacity = user_input.get(CONF_CAPACITY)
        if CONF_CAPACITY not in self.errors:
            doubt = doubtful_energy(self._wording, user_input[CONF_CAPACITY])
            self._doubts.note(CONF_CAPACITY, doubt, self.errors, self.placeholders)
        self._ask_back_power(
            user_input, None if CONF_CAPACITY in self.errors else capacity
        )

    def _common(self, user_input: Mapping[str, Any]) -> _Common:
        """Return what is ordered of any of them."""
        entity_id = user_input.get(CONF_SOC_ENTITY)
        name = self._name(entity_id)
        return {
            "key": self._key_of(entity_id) if entity_id else self._next_key(),
            "name": name,
            "capacity_kwh": user_input[CONF_CAPACITY],
            "power_kw": user_input[POWER],
        }


class BatteryForm(SizedForm):
    """Asks for the facts of a battery."""

    step_id = "battery"
    kind = Kind.BATTERY

    @override
    def values(self) -> dict[str, Any]:
        return {**super().values(), LOWEST: _LOWEST}

    @override
    def _last_fields(self) -> dict[vol.Marker, Any]:
        return {vol.Required(LOWEST): AmountSelector(PERCENTAGE)}

    @override
    def _check(self, user_input: Mapping[str, Any]) -> None:
        super()._check(user_input)
        if not 0 <= user_input[LOWEST] <= _HIGHEST:
            self.errors[LOWEST] = "lowest_not_a_share"

    @override
    def _device(
        self, user_input: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Device:
        return Battery(
            **self._common(user_input), lowest_share=user_input[LOWEST] / 100
        )


class CarForm(SizedForm):
    """Asks for the facts of an electric car."""

    step_id = "car"
    kind = Kind.CAR

    @override
    def values(self) -> dict[str, Any]:
        return {
            **super().values(),
            PLUG: self._known.plug_entity,
            READY_BY: IN_THE_MORNING,
        }

    @override
    def _last_fields(self) -> dict[vol.Marker, Any]:
        plugs = EntitySelectorConfig(
            domain=["binary_sensor", "sensor", "input_boolean", "switch"]
        )
        return {
            vol.Optional(PLUG): EntitySelector(plugs),
            **ready_by_field(),
            vol.Optional(MORE): section(
                vol.Schema({vol.Optional(DISCHARGES): BooleanSelector()}),
                {"collapsed": True},
            ),
        }

    @override
    def _settings(self, user_input: Mapping[str, Any]) -> dict[str, Any]:
        settings = super()._settings(user_input)
        if plug := user_input.get(PLUG):
            settings[CONF_TRIGGER_ENTITIES] = [plug]
        return settings

    @override
    def _device(
        self, user_input: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Device:
        more = user_input.get(MORE, {})
        return Car(**self._common(user_input), discharges=more.get(DISCHARGES, False))

    @override
    def _readiness(self, user_input: Mapping[str, Any]) -> Readiness | None:
        return Readiness.from_form(user_input, user_input[CONF_CAPACITY])


class OtherForm(SizedForm):
    """Asks for the facts of anything else that stores energy."""

    step_id = "other"
    kind = Kind.OTHER
    identity = CONF_NAME

    @override
    def values(self) -> dict[str, Any]:
        return {**super().values(), DISCHARGES: False}

    @override
    def _first_fields(self) -> dict[vol.Marker, Any]:
        return {vol.Required(CONF_NAME): TextSelector()}

    @override
    def _last_fields(self) -> dict[vol.Marker, Any]:
        return {vol.Required(DISCHARGES): BooleanSelector()}

    @override
    def _check(self, user_input: Mapping[str, Any]) -> None:
        super()._check(user_input)
        if not user_input[CONF_NAME].strip():
            self.errors[CONF_NAME] = "name_missing"

    @override
    def _device(
        self, user_input: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Device:
        name = user_input[CONF_NAME].strip()
        common = self._common(user_input)
        common |= {"key": self._key(name), "name": name}
        return Other(**common, discharges=user_input[DISCHARGES])
