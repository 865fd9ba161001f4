"""Reading the settings of a device, as far as that takes no server."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    PERCENTAGE,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import State

from ...api.models import Sensor
from ...const import (
    CONF_AUTOMATIC_SCHEDULING,
    CONF_CAPACITY,
    CONF_CHARGING_ENTITY,
    CONF_CLIMATE_ENTITY,
    CONF_S2,
    CONF_SCHEDULE_DURATION,
    CONF_SOC_DEVIATION,
    CONF_SOC_ENTITY,
    CONF_SOC_MAX,
    CONF_SOC_MAX_AGE,
    CONF_SOC_MIN,
    CONF_SOC_UNIT,
    CONF_TRIGGER_ENTITIES,
    CONF_UPDATE_INTERVAL,
    CONF_UPDATE_INTERVAL_CHARGING,
    CONF_UPDATE_INTERVAL_CLIMATE,
    DEFAULT_SCHEDULE_DURATION,
    DEFAULT_SOC_MAX_AGE,
    DEFAULT_UPDATE_INTERVAL,
    DEFAULT_UPDATE_INTERVAL_CHARGING,
    DEFAULT_UPDATE_INTERVAL_CLIMATE,
)
from ...plan.horizon import longest_plan
from ..fields import FormReading
from .fields import read_duration
from .pairing import NewPairing
from .settings_form import (
    CONF_S2_ENABLED,
    CONF_S2_NEW_TOKEN,
    ENTITY_NOT_FOUND,
    SOC_UNITS,
)

DEFAULT_DURATIONS = {
    CONF_SCHEDULE_DURATION: DEFAULT_SCHEDULE_DURATION,
    CONF_UPDATE_INTERVAL: DEFAULT_UPDATE_INTERVAL,
    CONF_SOC_MAX_AGE: DEFAULT_SOC_MAX_AGE,
    CONF_UPDATE_INTERVAL_CHARGING: DEFAULT_UPDATE_INTERVAL_CHARGING,
    CONF_UPDATE_INTERVAL_CLIMATE: DEFAULT_UPDATE_INTERVAL_CLIMATE,
}
ENTITIES = (
    CONF_SOC_ENTITY,
    CONF_TRIGGER_ENTITIES,
    CONF_CHARGING_ENTITY,
    CONF_CLIMATE_ENTITY,
)
AS_ENTERED = (CONF_CAPACITY, CONF_SOC_DEVIATION)
"""Settings that are stored as they are entered, and not at all if they are empty."""

MINIMUM_DURATION = timedelta(minutes=1)
MAXIMUM_DURATION = timedelta(days=366)

_LIMITS = (CONF_SOC_MIN, CONF_SOC_MAX)
# Durations that are stored even if they have their default.
_ALWAYS_STORED = frozenset({CONF_SCHEDULE_DURATION, CONF_UPDATE_INTERVAL})


class SettingsReading(FormReading):
    """What a form of settings makes, and what is wrong with it."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Start to read values, which have no sections."""
        super().__init__(values)
        self.gone_entities: dict[str, str] = {}
        """Those that there are not, by field."""
        self.new_pairing: NewPairing | None = None
        """Made because it was asked for."""

    def read_limits(
        self,
        stored: Mapping[str, Any],
        own: Mapping[str, Any],
        shown: Mapping[str, Any],
    ) -> None:
        """Keep the limits of the state of charge that are not the server's.

        `stored` are the server's in the unit that was entered, `own` are the present
        ones, and `shown` the server's in the unit of those.
        """
        for key in _LIMITS:
            amount = self._values.get(key)
            # A default left as it was shown stays the server's in another unit too.
            left_alone = key not in own and amount == shown.get(key)
            if amount not in (None, stored.get(key)) and not left_alone:
                self.data[key] = amount
        changed = [key for key in _LIMITS if key in self.data]
        if self._values[CONF_SOC_UNIT] == PERCENTAGE:
            for key in changed:
                if not 0 <= self.data[key] <= 100:
                    self.errors[key] = "not_a_percentage"
        limits = {**stored, **self.data}
        if (
            changed
            and all(key in limits for key in _LIMITS)
            and limits[CONF_SOC_MIN] >= limits[CONF_SOC_MAX]
        ):
            self.errors.setdefault(CONF_SOC_MIN, "soc_min_not_below_soc_max")

    def read_durations(self, power_sensor: Sensor) -> None:
        """Keep the durations; how far to plan depends on the sensor's slots."""
        for key, default in DEFAULT_DURATIONS.items():
            minimum, maximum = MINIMUM_DURATION, MAXIMUM_DURATION
            too_short, too_long = (
                "update_interval_too_short",
                "update_interval_too_long",
            )
            if key == CONF_SCHEDULE_DURATION:
                minimum = power_sensor.resolution
                maximum = longest_plan(power_sensor.slot_length)
                too_short = "schedule_duration_too_short"
                too_long = "schedule_duration_too_long"
            elif key == CONF_SOC_MAX_AGE:
                too_short, too_long = "soc_max_age_too_short", "soc_max_age_too_long"
            with self.field(key):
                duration = read_duration(
                    self._values[key],
                    minimum,
                    maximum,
                    too_short=too_short,
                    too_long=too_long,
                )
                if duration != default or key in _ALWAYS_STORED:
                    self.data[key] = duration.total_seconds()

    def read_pairing(self, present: Mapping[str, str] | None) -> None:
        """Keep the present pairing, or make a new one or a new token for it."""
        if not self._values[CONF_S2_ENABLED]:
            return
        if present is None or self._values.get(CONF_S2_NEW_TOKEN):
            self.new_pairing = NewPairing.make(present)
            present = self.new_pairing.data
        self.data[CONF_S2] = present

    def read_entities(self, is_gone: Callable[[str], bool]) -> None:
        """Keep the entities, all of which have to be there."""
        for key in ENTITIES:
            if not (named := self._values.get(key)):
                continue
            entity_ids = [named] if isinstance(named, str) else named
            if gone := [*filter(is_gone, entity_ids)]:
                self.errors[key] = ENTITY_NOT_FOUND
                self.gone_entities[key] = ", ".join(gone)
            self.data[key] = named

    def read_others(self, soc_entity: State | None) -> None:
        """Keep everything else but sensors and entities; `soc_entity` is the state of that entity."""
        values = self._values
        for key in (CONF_SOC_UNIT, CONF_AUTOMATIC_SCHEDULING):
            self.data[key] = values[key]
        self.data |= {key: values[key] for key in AS_ENTERED if values.get(key)}

        unit = None
        if soc_entity is not None:
            unit = soc_entity.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
            is_known = soc_entity.state not in (STATE_UNAVAILABLE, STATE_UNKNOWN)
            if is_known and unit not in SOC_UNITS:
                self.errors[CONF_SOC_ENTITY] = "not_a_state_of_charge_entity"
        capacity = values.get(CONF_CAPACITY)
        if capacity is None and PERCENTAGE in (unit, values[CONF_SOC_UNIT]):
            self.errors[CONF_CAPACITY] = "capacity_required"
        for key, error in (
            (CONF_CAPACITY, "capacity_not_positive"),
            (CONF_SOC_DEVIATION, "soc_deviation_not_positive"),
        ):
            amount = values.get(key)
            if amount is not None and amount <= 0:
                self.errors[key] = error
