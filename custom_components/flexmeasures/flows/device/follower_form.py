"""What follows a device: the fields of each kind of target, and how they are read."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

import voluptuous as vol

from homeassistant.const import UnitOfPower
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    Selector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.util.ulid import ulid_now

from ...const import CONF_FOLLOWER
from ...device.entity_references import async_is_own, named_entities
from ...follower.entities import can_be_written, facts_of
from ...follower.settings import (
    DEFAULT_DEADBAND,
    DEFAULT_PAUSE,
    DEFAULT_RESPECT,
    FollowerSettings,
)
from ...follower.targets import CannotFollowError, Kind

ENTITY: Final = "entity"
SECOND_ENTITY: Final = "second_entity"
_OPTIONS: Final = ("charge", "discharge", "idle", "rest_option")
_SWITCHES: Final = ("switch", "input_boolean")
_NUMBERS: Final = ("number", "input_number")

_DOMAINS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.POWER: _NUMBERS,
    Kind.TWO_POWERS: _NUMBERS,
    Kind.CURRENT: _NUMBERS,
    Kind.SWITCH: _SWITCHES,
    Kind.MODE: ("select", "input_select"),
    Kind.SG_READY: _SWITCHES,
    Kind.TEMPERATURE: ("climate", "water_heater"),
    Kind.SCRIPT: ("script",),
}
"""Of the first entity."""
_SECOND: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.TWO_POWERS: _NUMBERS,
    Kind.CURRENT: _SWITCHES,
    Kind.SG_READY: _SWITCHES,
}
"""Of the second one; a charger does without."""


def _amount(unit: str, most: float | None = None) -> NumberSelector:
    config = NumberSelectorConfig(
        min=0, step="any", mode=NumberSelectorMode.BOX, unit_of_measurement=unit
    )
    if most is not None:
        config["max"] = most
    return NumberSelector(config)


_ANY: Final = NumberSelector(
    NumberSelectorConfig(step="any", mode=NumberSelectorMode.BOX)
)
_TEMPERATURE: Final = NumberSelector(
    NumberSelectorConfig(
        step="any", mode=NumberSelectorMode.BOX, unit_of_measurement="°"
    )
)
_PHASES: Final = SelectSelector(
    SelectSelectorConfig(options=["1", "3"], mode=SelectSelectorMode.LIST)
)
_THRESHOLD: Final = {"threshold": _amount(UnitOfPower.KILO_WATT)}
_FIELDS: Final[Mapping[Kind, Mapping[str, Selector[Any]]]] = {
    Kind.POWER: {"invert": BooleanSelector(), "rest": _ANY},
    Kind.TWO_POWERS: {},
    Kind.CURRENT: {
        "phases": _PHASES,
        "voltage": _amount("V", 400),
        "least": _amount("A", 80),
        "rest": _amount("A", 80),
    },
    Kind.SWITCH: {**_THRESHOLD, "on_at_rest": BooleanSelector()},
    Kind.MODE: {},
    Kind.SG_READY: _THRESHOLD,
    Kind.TEMPERATURE: {
        "low": _TEMPERATURE,
        "high": _TEMPERATURE,
        "rest": _TEMPERATURE,
        **_THRESHOLD,
    },
    Kind.SCRIPT: {},
}
"""Beside the entities, and the options of one that has words."""
_COMMON: Final[Mapping[str, Selector[Any]]] = {
    "deadband": _amount(UnitOfPower.KILO_WATT),
    "pause": _amount("s", 3600),
    "respect": _amount("min", 24 * 60),
}
_DEFAULTS: Final[Mapping[str, Any]] = {
    "invert": False,
    "rest": 0.0,
    "phases": "3",
    "voltage": 230,
    "least": 6,
    "threshold": 0.1,
    "on_at_rest": False,
    "deadband": DEFAULT_DEADBAND,
    "pause": DEFAULT_PAUSE.total_seconds(),
    "respect": DEFAULT_RESPECT / timedelta(minutes=1),
}


class FollowerForm:
    """Asks what one kind of target needs to know."""

    def __init__(
        self,
        hass: HomeAssistant,
        kind: Kind,
        present: Mapping[str, Any],
        others: Iterable[Mapping[str, Any]],
    ) -> None:
        """Start with what follows the device at `present`; `others` are the data of other devices."""
        self._hass = hass
        self._kind = kind
        self._present = present if present.get("kind") == kind else {}
        self._taken = {
            entity
            for data in others
            for entity, setting in named_entities(data).items()
            if setting == CONF_FOLLOWER
        }
        self.data: dict[str, Any] = {}
        """What it made."""
        self.errors: dict[str, str] = {}
        """By field."""
        self.placeholders: dict[str, str] = {}

    @property
    def is_present(self) -> bool:
        """Whether it is this kind that follows the device by now."""
        return bool(self._present)

    def values(self) -> dict[str, Any]:
        """Return what is shown at first."""
        shown = {**_DEFAULTS, **self._present}
        if "respect" in self._present:
            shown["respect"] = self._present["respect"] / 60
        return shown

    def schema(self, values: Mapping[str, Any]) -> vol.Schema:
        """Return the fields; those for the words of an entity once it is chosen."""
        kind = self._kind
        fields: dict[vol.Marker, Selector[Any]] = {
            vol.Required(ENTITY): _entity(_DOMAINS[kind])
        }
        if kind in _SECOND:
            marker = vol.Optional if kind is Kind.CURRENT else vol.Required
            fields[marker(SECOND_ENTITY)] = _entity(_SECOND[kind])
        if kind is Kind.MODE and (options := self._options(values)):
            fields |= {
                vol.Required(key): SelectSelector(
                    SelectSelectorConfig(
                        options=options, mode=SelectSelectorMode.DROPDOWN
                    )
                )
                for key in _OPTIONS
            }
        more = {**_FIELDS[kind], **_COMMON}
        fields |= {vol.Required(key): selector for key, selector in more.items()}
        return vol.Schema(fields)

    def read(self, user_input: Mapping[str, Any]) -> bool:
        """Read it; `errors` says what is wrong. Return whether nothing more is asked."""
        self.errors, self.placeholders = {}, {}
        kind, entity_id = self._kind, user_input[ENTITY]
        if kind is Kind.MODE and not set(_OPTIONS) <= user_input.keys():
            # The words of the entity come next.
            return False
        for key in (ENTITY, SECOND_ENTITY):
            if (chosen := user_input.get(key)) is not None:
                self._check_entity(key, chosen)
        if entity_id == user_input.get(SECOND_ENTITY):
            self.errors[SECOND_ENTITY] = "follower_same_entity"
        if kind is Kind.TEMPERATURE and user_input["low"] >= user_input["high"]:
            self.errors["high"] = "follower_not_warmer"
        data = {"kind": kind.value, **user_input}
        data["respect"] = user_input["respect"] * 60
        is_same = all(
            data.get(key) == self._present.get(key) for key in (ENTITY, SECOND_ENTITY)
        )
        data["id"] = self._present["id"] if is_same else ulid_now()
        if not self.errors:
            self._try(data)
        if not self.errors:
            self.data = data
        return not self.errors

    def _check_entity(self, key: str, entity_id: str) -> None:
        if async_is_own(self._hass, entity_id):
            self.errors[key] = "follower_own_entity"
        elif entity_id in self._taken:
            self.errors[key] = "follower_taken"

    def _try(self, data: Mapping[str, Any]) -> None:
        """Say what would not be taken, of entities that are there now."""
        target = FollowerSettings.from_settings(data).target
        states: dict[str, State] = {
            each: state
            for each in target.entity_ids
            if (state := self._hass.states.get(each)) and can_be_written(state)
        }
        if len(states) < len(target.entity_ids):
            return
        facts = {each: facts_of(state) for each, state in states.items()}
        try:
            for setpoint in (None, 1.0, -1.0, 0.0):
                target.writes(setpoint, facts)
        except CannotFollowError as err:
            is_first = err.entity_id == data[ENTITY]
            self.errors[ENTITY if is_first else SECOND_ENTITY] = err.key
            self.placeholders["entity"] = states[err.entity_id].name

    def _options(self, values: Mapping[str, Any]) -> list[str]:
        state = self._hass.states.get(values.get(ENTITY, ""))
        return list(facts_of(state).options) if state else []


def _entity(domains: tuple[str, ...]) -> EntitySelector:
    return EntitySelector(EntitySelectorConfig(domain=list(domains)))
