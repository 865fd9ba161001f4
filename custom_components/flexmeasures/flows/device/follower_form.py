"""What follows a device: the fields of each kind of target, and how they are read."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, Final

import voluptuous as vol

from homeassistant.const import UnitOfPower
from homeassistant.core import HomeAssistant, State, split_entity_id
from homeassistant.helpers.selector import (
    ActionSelector,
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

from ...device.entity_references import async_is_own
from ...follower.entities import can_be_written, facts_of
from ...follower.mode_power_target import Sign
from ...follower.own_actions import Actions, checked
from ...follower.profile import WORDS
from ...follower.settings import (
    DEFAULT_DEADBAND,
    DEFAULT_PAUSE,
    DEFAULT_RESPECT,
    FollowerSettings,
)
from ...follower.targets import CannotFollowError, Kind

ENTITY: Final = "entity"
SECOND_ENTITY: Final = "second_entity"
THIRD_ENTITY: Final = "third_entity"
ACTIONS: Final = "actions"
_ENTITIES: Final = (ENTITY, SECOND_ENTITY, THIRD_ENTITY)
_PAUSE_WORDS: Final = ("charge", "idle")
_SWITCHES: Final = ("switch", "input_boolean")
_SELECTS: Final = ("select", "input_select")
_NUMBERS: Final = ("number", "input_number")

_DOMAINS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.POWER: _NUMBERS,
    Kind.TWO_POWERS: _NUMBERS,
    Kind.CURRENT: _NUMBERS,
    Kind.SWITCH: _SWITCHES,
    Kind.MODE: _SELECTS,
    Kind.MODE_POWER: _SELECTS,
    Kind.SG_READY: _SWITCHES,
    Kind.TEMPERATURE: ("climate", "water_heater"),
    Kind.SCRIPT: ("script",),
}
"""Of the first entity; actions do without."""
_SECOND: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.TWO_POWERS: _NUMBERS,
    Kind.CURRENT: (*_SWITCHES, *_SELECTS),
    Kind.MODE_POWER: _NUMBERS,
    Kind.SG_READY: _SWITCHES,
}
"""Of the second one; a charger does without."""
_THIRD: Final[Mapping[Kind, tuple[str, ...]]] = {Kind.MODE_POWER: _NUMBERS}
"""Of one more, which may be left out."""


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
_SIGN: Final = SelectSelector(
    SelectSelectorConfig(
        options=list(Sign),
        mode=SelectSelectorMode.DROPDOWN,
        translation_key="follower_sign",
    )
)
_THRESHOLD: Final = {"threshold": _amount(UnitOfPower.KILO_WATT)}
_FIELDS: Final[Mapping[Kind, Mapping[str, Selector[Any]]]] = {
    Kind.POWER: {"invert": BooleanSelector(), "rest": _ANY},
    Kind.TWO_POWERS: {},
    Kind.CURRENT: {
        "invert": BooleanSelector(),
        "phases": _PHASES,
        "voltage": _amount("V", 400),
        "least": _amount("A", 80),
        "rest": _amount("A", 80),
    },
    Kind.SWITCH: {**_THRESHOLD, "on_at_rest": BooleanSelector()},
    Kind.MODE: {},
    Kind.MODE_POWER: {"sign": _SIGN},
    Kind.SG_READY: _THRESHOLD,
    Kind.TEMPERATURE: {
        "low": _TEMPERATURE,
        "high": _TEMPERATURE,
        "rest": _TEMPERATURE,
        **_THRESHOLD,
    },
    Kind.SCRIPT: {},
    Kind.ACTIONS: {ACTIONS: ActionSelector()},
}
"""Beside the entities, and the options of one that has words."""
_OPTIONAL: Final[Mapping[Kind, Mapping[str, Selector[Any]]]] = {
    Kind.MODE_POWER: {"rest_power": _ANY}
}
"""Which may be left empty."""
_COMMON: Final[Mapping[str, Selector[Any]]] = {
    "deadband": _amount(UnitOfPower.KILO_WATT),
    "pause": _amount("s", 3600),
}
_UNSEEN: Final = (Kind.SCRIPT, Kind.ACTIONS)
"""Which nobody can see whether somebody else has set."""
_DEFAULTS: Final[Mapping[str, Any]] = {
    "invert": False,
    "rest": 0.0,
    "phases": "3",
    "voltage": 230,
    "least": 6,
    "sign": Sign.NONE.value,
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
        taken: Collection[str],
    ) -> None:
        """Start with what follows the device at `present`; `taken` is what others are followed by."""
        self._hass = hass
        self._kind = kind
        self._present = present if present.get("kind") == kind else {}
        self._taken = taken
        self.data: dict[str, Any] = {}
        """What it made."""
        self.errors: dict[str, str] = {}
        """By field."""
        self.placeholders: dict[str, str] = {}

    @property
    def is_present(self) -> bool:
        """Whether it is this kind that follows the device by now."""
        return bool(self._present)

    def values(self, proposed: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return what is shown at first: what is kept, or what is proposed instead."""
        if proposed is not None:
            return {**_DEFAULTS, **proposed}
        shown = {**_DEFAULTS, **self._present}
        if "respect" in self._present:
            shown["respect"] = self._present["respect"] / 60
        return shown

    def schema(self, values: Mapping[str, Any]) -> vol.Schema:
        """Return the fields; those for the words of an entity once it is chosen."""
        kind = self._kind
        fields: dict[vol.Marker, Selector[Any]] = {}
        if kind in _DOMAINS:
            fields[vol.Required(ENTITY)] = _entity(_DOMAINS[kind])
        if kind in _SECOND:
            marker = vol.Optional if kind is Kind.CURRENT else vol.Required
            fields[marker(SECOND_ENTITY)] = _entity(_SECOND[kind])
        if kind in _THIRD:
            fields[vol.Optional(THIRD_ENTITY)] = _entity(_THIRD[kind])
        entity_id, words = self._words(values)
        if options := self._options(entity_id):
            one_of_them = SelectSelector(
                SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN)
            )
            fields |= {vol.Required(key): one_of_them for key in words}
        known = set()
        if kind is Kind.CURRENT and words:
            # They say which one pauses it.
            known.add("invert")
        if values.get(THIRD_ENTITY):
            # There is a number for each direction.
            known.add("sign")
        fields |= {
            vol.Required(key): each
            for key, each in _FIELDS[kind].items()
            if key not in known
        }
        fields |= {
            vol.Optional(key): each for key, each in _OPTIONAL.get(kind, {}).items()
        }
        fields |= {vol.Required(key): each for key, each in _COMMON.items()}
        if kind not in _UNSEEN:
            fields[vol.Required("respect")] = _amount("min", 24 * 60)
        return vol.Schema(fields)

    def read(self, user_input: Mapping[str, Any]) -> bool:
        """Read it; `errors` says what is wrong. Return whether nothing more is asked."""
        self.errors, self.placeholders = {}, {}
        kind = self._kind
        _, words = self._words(user_input)
        if not set(words) <= user_input.keys():
            # The words of the entity come next.
            return False
        chosen = {key: user_input[key] for key in _ENTITIES if key in user_input}
        for key, entity_id in chosen.items():
            self._check_entity(key, entity_id)
            if entity_id in [chosen[other] for other in chosen if other < key]:
                self.errors[key] = "follower_same_entity"
        if kind is Kind.TEMPERATURE and user_input["low"] >= user_input["high"]:
            self.errors["high"] = "follower_not_warmer"
        if kind is Kind.ACTIONS:
            self._check_actions(user_input[ACTIONS])
        data = {"kind": kind.value, **user_input}
        data["respect"] = user_input.get("respect", _DEFAULTS["respect"]) * 60
        is_same = all(
            data.get(key) == self._present.get(key) for key in (*_ENTITIES, ACTIONS)
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

    def _check_actions(self, actions: Actions) -> None:
        if not actions:
            self.errors[ACTIONS] = "follower_no_actions"
            return
        try:
            checked(actions)
        except vol.Invalid as err:
            self.errors[ACTIONS] = "follower_actions_wrong"
            self.placeholders["error"] = str(err)

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
            key = next(key for key in _ENTITIES if data.get(key) == err.entity_id)
            self.errors[key] = err.key
            self.placeholders["entity"] = states[err.entity_id].name

    def _words(self, values: Mapping[str, Any]) -> tuple[str | None, Collection[str]]:
        """Return which entity has words, and for what they are asked."""
        match self._kind:
            case Kind.MODE | Kind.MODE_POWER:
                return values.get(ENTITY), WORDS
            case Kind.CURRENT if (second := values.get(SECOND_ENTITY)) is not None:
                if split_entity_id(second)[0] in _SELECTS:
                    return second, _PAUSE_WORDS
        return None, ()

    def _options(self, entity_id: str | None) -> list[str]:
        state = self._hass.states.get(entity_id or "")
        return list(facts_of(state).options) if state else []


def _entity(domains: tuple[str, ...]) -> EntitySelector:
    return EntitySelector(EntitySelectorConfig(domain=list(domains)))
