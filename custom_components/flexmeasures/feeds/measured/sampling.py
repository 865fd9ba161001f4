"""What the states of an entity say, as samples."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from homeassistant.components.sensor import (
    ATTR_LAST_RESET,
    ATTR_STATE_CLASS,
    SensorStateClass,
)
from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JSON_DECODE_EXCEPTIONS, json_loads_object

from ...api.numbers import believable, number_in
from ..conversion import SHARE_UNIT
from ..settings import MeasuredSource, Method
from .resamplers import RISING, Counter, Sample
from .units import Converted, state_converter

NOTHING: Final = ("", STATE_UNAVAILABLE, STATE_UNKNOWN)
"""States of which nothing is known."""

type StateRow = tuple[float, str | None, str | None]
"""When a state began, what it was (None: removed), and its attributes as JSON."""


class Sampler:
    """Tells what each state says, in the unit of the source."""

    def __init__(self, source: MeasuredSource, *, state_class: str | None) -> None:
        """Read states of a source; `state_class` is for those that do not say theirs."""
        self._attribute = source.attribute
        self._is_binary = source.method is Method.SHARE or (
            source.unit == SHARE_UNIT and source.attribute is None
        )
        self._unit = source.unit
        self._state_class = state_class
        # Mostly those of one state are those of the next.
        self._attributes: Mapping[str, Any] | None = None
        self._convert: Converted | None = None
        self._counter = RISING

    @classmethod
    def of(cls, hass: HomeAssistant, source: MeasuredSource, entity_id: str) -> Sampler:
        """Return the sampler of a source, given the id that its entity has now."""
        entry = er.async_get(hass).async_get(entity_id)
        capabilities = (entry and entry.capabilities) or {}
        return cls(source, state_class=capabilities.get(ATTR_STATE_CLASS))

    @property
    def needs_attributes(self) -> bool:
        """Whether states alone do not tell enough."""
        return self._attribute is not None or not self._is_binary

    def of_rows(self, rows: Iterable[StateRow]) -> Iterator[Sample]:
        """Return the samples of states as the recorder has them."""
        text: str | None = None
        attributes: Mapping[str, Any] = {}
        for moment, state, shared in rows:
            if shared != text:
                text, attributes = shared, _attributes(shared)
            yield self._sample(moment, state, attributes)

    def of_state(self, moment: float, state: State | None) -> Sample:
        """Return the sample of a state since a moment; None: the entity was removed."""
        if state is None:
            return moment, None, RISING
        return self._sample(moment, state.state, state.attributes)

    def _sample(
        self, moment: float, state: str | None, attributes: Mapping[str, Any]
    ) -> Sample:
        said: object = state
        if self._attribute and state != STATE_UNAVAILABLE:
            said = attributes.get(self._attribute)
        if said is None or said in NOTHING:
            return moment, None, RISING
        if self._is_binary:
            return moment, float(said is True or said == STATE_ON), RISING
        if (value := _number(said)) is None:
            return moment, None, RISING
        if self._attribute:
            return moment, value, RISING
        if attributes is not self._attributes:
            self._attributes = attributes
            self._convert = _converter(attributes, self._unit)
            self._counter = _counter(attributes, self._state_class)
        return moment, self._convert and self._convert(value), self._counter


def _attributes(text: str | None) -> Mapping[str, Any]:
    try:
        return json_loads_object(text) if text else {}
    except JSON_DECODE_EXCEPTIONS:
        # One state that was not written well is not to be in the way of all others.
        return {}


def _number(said: object) -> float | None:
    match said:
        case str():
            return number_in(said)
        case bool():
            return None
        case int() | float():
            return float(said) if believable(said) else None
        case _:
            return None


def _text(attributes: Mapping[str, Any], name: str) -> str | None:
    """Return an attribute that is a text: those of states can be anything."""
    said = attributes.get(name)
    return said if isinstance(said, str) else None


def _converter(attributes: Mapping[str, Any], wanted: str | None) -> Converted | None:
    return state_converter(
        _text(attributes, ATTR_DEVICE_CLASS),
        _text(attributes, ATTR_UNIT_OF_MEASUREMENT),
        wanted,
    )


def _counter(attributes: Mapping[str, Any], state_class: str | None) -> Counter:
    """Return how a state counts; what has no state class is taken as most counters are."""
    state_class = _text(attributes, ATTR_STATE_CLASS) or state_class
    if state_class != SensorStateClass.TOTAL:
        return RISING
    return Counter(only_rises=False, last_reset=_moment(attributes))


def _moment(attributes: Mapping[str, Any]) -> float | None:
    """Return the last reset, which the recorder writes as a text."""
    said = attributes.get(ATTR_LAST_RESET)
    moment = dt_util.parse_datetime(said) if isinstance(said, str) else None
    return None if moment is None else moment.timestamp()
