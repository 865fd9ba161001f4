"""The form of a feed whose source is an entity, or one of its attributes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, override

import voluptuous as vol

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_NAME, PERCENTAGE, UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    SelectOptionDict,
    Selector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from ...api.models import Catalogue, Sensor
from ...const import (
    CONF_ATTRIBUTE,
    CONF_CAPACITY,
    CONF_DAILY_FORECAST,
    CONF_EMPTY_TEMPERATURE,
    CONF_ENTITY,
    CONF_FULL_TEMPERATURE,
    CONF_INVERT,
    CONF_KIND,
    CONF_LEAST_SHARE,
    CONF_METHOD,
    CONF_POWER_SENSOR,
    CONF_SENSOR,
    CONF_UNIT,
    SUBENTRY_DEVICE,
)
from ...feeds.conversion import (
    SHARE_UNIT,
    FeedCapacityMissingError,
    FeedTemperaturesMissingError,
    has_direction,
    measured_conversion,
    measured_method,
    needs_capacity,
    needs_temperatures,
)
from ...feeds.entities import async_registry_key
from ...feeds.errors import FeedSourceError
from ...feeds.settings import (
    DEFAULT_LEAST_SHARE,
    FeedKind,
    FeedSettings,
    MeasuredSource,
    Method,
)
from ...plan.energy_units import TemperatureRange, quantity_in_kwh
from ...scheduling.forecasts import is_forecastable
from ...texts import async_texts
from ..doubts import Doubts, doubtful_energy
from ..fields import (
    FULL_NOT_ABOVE_EMPTY,
    AmountSelector,
    FieldError,
    temperature_selector,
)
from ..wording import Wording, amount
from .feed_sensor import unit_selector
from .form import FeedForm
from .preview import async_history_text, sent_text, shown_text
from .shown import BINARY_SENSOR, Shown, async_shown, numeric_attributes

_ADVANCED: Final = "advanced"
# Of these, an interval has to have been observed for long enough.
_OBSERVED: Final = frozenset({Method.MEAN, Method.SHARE})


@dataclass(frozen=True, slots=True)
class _Choice:
    """What changes what is sent."""

    attribute: str | None
    unit: str | None
    """As it was told, of what does not say so itself."""
    invert: bool
    capacity: float | None
    empty_temperature: float | None
    full_temperature: float | None

    @property
    def temperatures(self) -> TemperatureRange | None:
        """At which it is empty and full."""
        return TemperatureRange.of(self.empty_temperature, self.full_temperature)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            values.get(CONF_ATTRIBUTE),
            values.get(CONF_UNIT),
            values[CONF_INVERT],
            values.get(CONF_CAPACITY),
            values.get(CONF_EMPTY_TEMPERATURE),
            values.get(CONF_FULL_TEMPERATURE),
        )


class MeasuredForm(FeedForm):
    """Builds the form and reads it."""

    step_id = "measured"

    def __init__(
        self,
        hass: HomeAssistant,
        catalogue: Catalogue,
        sensor: Sensor,
        entity_id: str,
        *,
        others: Collection[ConfigSubentry],
        present: ConfigSubentry | None,
    ) -> None:
        """Start with the FlexMeasures sensor and the entity.

        Raises FieldError or FeedSourceError if nothing that it shows can be sent.
        """
        super().__init__(hass, catalogue, sensor, others=others, present=present)
        if (state := hass.states.get(entity_id)) is None:
            raise FieldError("feed_entity_not_found")
        self._state = state
        self._entity = async_registry_key(hass, entity_id)
        self._attributes: dict[str, float | None] = {**numeric_attributes(state)}
        known = dict(present.data) if present else {}
        attribute = known.get(CONF_ATTRIBUTE)
        if attribute and known[CONF_ENTITY] == self._entity:
            # It may just not be there now.
            self._attributes.setdefault(attribute, None)
        elif attribute not in self._attributes:
            known |= {CONF_ATTRIBUTE: None, CONF_UNIT: None}
        known.setdefault(
            CONF_CAPACITY, quantity_in_kwh(catalogue.flex_model(sensor).get("soc-max"))
        )
        known.setdefault(CONF_INVERT, self._is_of_producer)
        self._choice = _Choice.read(known)
        self._known_capacity = self._choice.capacity
        self._least_share = known.get(CONF_LEAST_SHARE, DEFAULT_LEAST_SHARE)
        self._daily_forecast = known.get(CONF_DAILY_FORECAST, False)
        self._previewed: _Choice | None = None
        self._doubts = Doubts()
        self._check_entity()

    def _check_entity(self) -> None:
        try:
            self._make()
        except FeedCapacityMissingError, FeedTemperaturesMissingError:
            pass  # The form asks for it.
        except FieldError, FeedSourceError:
            # One of them may do.
            if not self._attributes:
                raise

    @property
    @override
    def is_previewed(self) -> bool:
        return self._choice == self._previewed

    @override
    def schema(self) -> vol.Schema:
        shown = self._shown()
        unit = self._unit(shown) if shown else None
        fields: dict[vol.Marker, Any] = {}
        if self._attributes:
            fields[vol.Optional(CONF_ATTRIBUTE)] = self._attribute_selector()
        if self._choice.attribute and shown and shown.unit is None:
            fields[vol.Optional(CONF_UNIT)] = unit_selector(self._sensor)
        method = self._known_method(shown)
        if method and has_direction(self._sensor, method):
            fields[vol.Required(CONF_INVERT)] = BooleanSelector()
        if needs_capacity(unit, self._sensor):
            fields[vol.Optional(CONF_CAPACITY)] = AmountSelector(
                UnitOfEnergy.KILO_WATT_HOUR
            )
        if needs_temperatures(unit, self._sensor):
            for key in (CONF_EMPTY_TEMPERATURE, CONF_FULL_TEMPERATURE):
                fields[vol.Optional(key)] = temperature_selector()
        if method and self._can_be_forecast(method):
            fields[vol.Required(CONF_DAILY_FORECAST)] = BooleanSelector()
        fields[vol.Optional(CONF_NAME)] = TextSelector()
        if method in _OBSERVED:
            fields[vol.Required(_ADVANCED)] = _advanced()
        return vol.Schema(fields)

    def _known_method(self, shown: Shown | None) -> Method | None:
        """Return what becomes of the values; None as long as that is not clear."""
        try:
            return self._method(shown) if shown else None
        except FeedSourceError:
            return None

    def _can_be_forecast(self, method: Method) -> bool:
        """Return whether forecasts are for what nobody plans."""
        sensor = self._sensor
        is_planned = self._catalogue.flex_model(sensor) or any(
            other.subentry_type == SUBENTRY_DEVICE
            and other.data[CONF_POWER_SENSOR] == sensor.id
            for other in self._others
        )
        return (
            method is not Method.LEVEL
            and has_direction(sensor, method)
            and is_forecastable(sensor)
            and not is_planned
        )

    def _attribute_selector(self) -> Selector[Any]:
        return SelectSelector(
            SelectSelectorConfig(
                options=[
                    SelectOptionDict(
                        value=name,
                        label=name
                        if value is None
                        else f"{name}: {amount(value, None)}",
                    )
                    for name, value in self._attributes.items()
                ],
                mode=SelectSelectorMode.DROPDOWN,
            )
        )

    @override
    def values(self) -> dict[str, Any]:
        return {
            CONF_ATTRIBUTE: self._choice.attribute,
            CONF_UNIT: self._choice.unit,
            CONF_INVERT: self._choice.invert,
            CONF_CAPACITY: self._choice.capacity,
            CONF_EMPTY_TEMPERATURE: self._choice.empty_temperature,
            CONF_FULL_TEMPERATURE: self._choice.full_temperature,
            CONF_DAILY_FORECAST: self._daily_forecast,
            CONF_NAME: self._name,
            _ADVANCED: {CONF_LEAST_SHARE: self._least_share},
        }

    @override
    async def async_read(self, user_input: Mapping[str, Any]) -> None:
        self.errors, self.placeholders = {}, {}
        asked = self.schema().schema
        kept = {key: value for key, value in self.values().items() if key not in asked}
        self._choice = _Choice.read({**kept, **user_input})
        self._daily_forecast = user_input.get(CONF_DAILY_FORECAST, self._daily_forecast)
        if _ADVANCED in user_input:
            self._least_share = user_input[_ADVANCED][CONF_LEAST_SHARE]
        try:
            self.data = self._make()
        except FeedCapacityMissingError as err:
            self._report(CONF_CAPACITY, err)
        except FeedTemperaturesMissingError as err:
            self._report_temperatures(err)
        except FieldError as err:
            self.errors[CONF_ATTRIBUTE] = err.key
        except FeedSourceError as err:
            is_told = CONF_UNIT in self.schema().schema
            self._report(CONF_UNIT if is_told else CONF_ATTRIBUTE, err)
        capacity = self._choice.capacity
        if CONF_CAPACITY in asked and capacity not in (None, self._known_capacity):
            wording = await Wording.async_load(self._hass)
            doubt = doubtful_energy(wording, capacity)
            self._doubts.note(CONF_CAPACITY, doubt, self.errors, self.placeholders)
        attribute = self._choice.attribute
        name = self._state.name
        self._read_title(user_input, f"{name}: {attribute}" if attribute else name)

    def _report_temperatures(self, err: FeedTemperaturesMissingError) -> None:
        """Say which one is missing, or that they are the wrong way round."""
        choice = self._choice
        if choice.empty_temperature is None:
            self._report(CONF_EMPTY_TEMPERATURE, err)
        if choice.full_temperature is None:
            self._report(CONF_FULL_TEMPERATURE, err)
        if not self.errors:
            self.errors[CONF_FULL_TEMPERATURE] = FULL_NOT_ABOVE_EMPTY

    @override
    async def async_preview(self) -> str:
        texts = await async_texts(self._hass)
        shown = self._shown()
        if shown is None:
            return texts("feed_choose_attribute", name=self._state.name)
        lines = [shown_text(self._hass, texts, self._state, shown)]
        try:
            settings = FeedSettings.from_subentry(self._make())
        except FeedSourceError:
            return lines[0]
        assert isinstance(settings.source, MeasuredSource)
        lines += [
            sent_text(texts, shown, settings, settings.source, self._sensor),
            await async_history_text(
                self._hass, texts, settings.source, self._state.name
            ),
        ]
        if self._previewed not in (None, self._choice):
            lines.append(texts("feed_look_again"))
        self._previewed = self._choice
        return "\n\n".join(lines)

    def _make(self) -> dict[str, Any]:
        """Return the data; raises FieldError or FeedSourceError."""
        if (shown := self._shown()) is None:
            raise FieldError(
                "feed_attribute_required"
                if self._attributes
                else "feed_entity_without_number"
            )
        method = self._method(shown)
        unit = self._unit(shown)
        if shown.domain == BINARY_SENSOR and method is Method.LEVEL:
            unit = SHARE_UNIT
        choice = self._choice
        # It may have been told of another source.
        invert = choice.invert and has_direction(self._sensor, method)
        measured_conversion(
            unit,
            self._sensor,
            method,
            invert=invert,
            # Less than nothing says nothing.
            capacity=max(choice.capacity or 0.0, 0.0),
            temperatures=choice.temperatures,
        )
        data: dict[str, Any] = {
            CONF_KIND: str(FeedKind.MEASURED),
            CONF_SENSOR: self._sensor.id,
            CONF_ENTITY: self._entity,
            CONF_METHOD: str(method),
            CONF_INVERT: invert,
        }
        if choice.attribute:
            data[CONF_ATTRIBUTE] = choice.attribute
        if unit:
            data[CONF_UNIT] = unit
        if needs_capacity(unit, self._sensor):
            data[CONF_CAPACITY] = choice.capacity
        if needs_temperatures(unit, self._sensor):
            data[CONF_EMPTY_TEMPERATURE] = choice.empty_temperature
            data[CONF_FULL_TEMPERATURE] = choice.full_temperature
        if self._daily_forecast and self._can_be_forecast(method):
            data[CONF_DAILY_FORECAST] = True
        if method in _OBSERVED:
            data[CONF_LEAST_SHARE] = self._least_share
        return data

    def _shown(self) -> Shown | None:
        return async_shown(self._hass, self._state, self._choice.attribute)

    def _unit(self, shown: Shown) -> str | None:
        return shown.unit or (self._choice.unit if self._choice.attribute else None)

    def _method(self, shown: Shown) -> Method:
        return measured_method(
            self._unit(shown),
            shown.device_class,
            shown.state_class,
            shown.domain,
            self._sensor,
        )


def _advanced() -> section:
    share = NumberSelector(
        NumberSelectorConfig(min=0, max=100, step=1, unit_of_measurement=PERCENTAGE)
    )
    return section(
        vol.Schema({vol.Required(CONF_LEAST_SHARE): share}), {"collapsed": True}
    )
