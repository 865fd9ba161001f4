"""Reading the settings of a device, as far as that takes no server."""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any, Final

from homeassistant.const import (
    PERCENTAGE,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    UnitOfEnergy,
    UnitOfTemperature,
)
from homeassistant.core import State

from ...api.models import Sensor
from ...api.numbers import number_in
from ...const import (
    CONF_AUTOMATIC_SCHEDULING,
    CONF_CAPACITY,
    CONF_CHARGING_ENTITY,
    CONF_CLIMATE_ENTITY,
    CONF_EMPTY_TEMPERATURE,
    CONF_FULL_TEMPERATURE,
    CONF_READY_BY_CALENDAR,
    CONF_S2,
    CONF_S2_ANY_RESOURCE,
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
from ...device.level_entity import level_text, level_unit
from ...device.settings import DeviceSettings
from ...plan.energy_units import in_kwh, is_temperature
from ...plan.horizon import longest_plan
from ...scheduling.soc_entity import plausible_kwh
from ..doubts import Doubts, doubtful_energy
from ..fields import FULL_NOT_ABOVE_EMPTY, FormReading
from ..wording import Wording
from .fields import read_duration
from .level_entity import is_level
from .pairing import NewPairing
from .settings_form import (
    CONF_S2_ANY_RESOURCE_FIELD,
    CONF_S2_ENABLED,
    CONF_S2_NEW_TOKEN,
    ENTITY_NOT_FOUND,
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
    CONF_READY_BY_CALENDAR,
)
TEMPERATURES = {
    CONF_EMPTY_TEMPERATURE: "empty_temperature_required",
    CONF_FULL_TEMPERATURE: "full_temperature_required",
}
"""The temperatures of a tank, with the errors that they are missing."""
AS_ENTERED = (CONF_SOC_DEVIATION, *TEMPERATURES)
"""Settings that are stored as they are entered, and not at all if they are empty."""
ABOVE_CAPACITY: Final = "above_capacity"

MINIMUM_DURATION = timedelta(minutes=1)
MAXIMUM_DURATION = timedelta(days=366)

# Of what is converted from one unit to another.
_NOISE = 1e-9

_LIMITS = (CONF_SOC_MIN, CONF_SOC_MAX)
# Durations that are stored even if they have their default.
_ALWAYS_STORED = frozenset({CONF_SCHEDULE_DURATION, CONF_UPDATE_INTERVAL})


class SettingsReading(FormReading):
    """What a form with some settings makes, and what is wrong with it."""

    def __init__(
        self, values: Mapping[str, Any], keys: Collection[str], wording: Wording
    ) -> None:
        """Start to read those of the values that are among `keys`; the others hold already."""
        super().__init__(values)
        self._keys = keys
        self._wording = wording
        self.gone_entities: dict[str, str] = {}
        """Those that there are not, by field."""
        self.new_pairing: NewPairing | None = None
        """Made because it was asked for."""
        self.placeholders: dict[str, str] = {}
        """Of the texts of the errors."""

    def read_limits(self, stored: Mapping[str, Any], shown: Mapping[str, Any]) -> None:
        """Keep the limits of the state of charge that are not the server's.

        `stored` are the server's, in the unit that is entered; `shown` is what was in the
        form before it was filled in.
        """
        for key in self._read(*_LIMITS):
            amount = self._values.get(key)
            if amount not in (None, stored.get(key)):
                self.data[key] = amount
        changed = [key for key in _LIMITS if key in self.data]
        unit = self._values[CONF_SOC_UNIT]
        for key in changed:
            if unit == PERCENTAGE and not 0 <= self.data[key] <= 100:
                self.errors[key] = "not_a_percentage"
            elif self.data[key] < 0:
                self.errors[key] = "amount_negative"
        limits = {**stored, **self.data}
        if (
            changed
            and all(key in limits for key in _LIMITS)
            and self.errors.keys().isdisjoint(_LIMITS)
            and limits[CONF_SOC_MIN] >= limits[CONF_SOC_MAX]
        ):
            # Said where the user has just been.
            entered = [key for key in changed if self.data[key] != shown.get(key)]
            wrong, other, error = (
                (CONF_SOC_MAX, CONF_SOC_MIN, "soc_max_not_above_soc_min")
                if entered == [CONF_SOC_MAX]
                else (CONF_SOC_MIN, CONF_SOC_MAX, "soc_min_not_below_soc_max")
            )
            self.errors[wrong] = error
            self.placeholders["limit"] = self._wording.amount(limits[other], unit)

    def read_durations(self, power_sensor: Sensor) -> None:
        """Keep the durations; how far to plan depends on the sensor's slots."""
        for key in self._read(*DEFAULT_DURATIONS):
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
                if duration != DEFAULT_DURATIONS[key] or key in _ALWAYS_STORED:
                    self.data[key] = duration.total_seconds()

    def read_pairing(self, present: Mapping[str, Any] | None) -> None:
        """Keep the present pairing, or make a new one or a new token for it."""
        if CONF_S2_ENABLED not in self._keys or not self._values[CONF_S2_ENABLED]:
            return
        if present is None or self._values.get(CONF_S2_NEW_TOKEN):
            self.new_pairing = NewPairing.make(present)
            present = self.new_pairing.data
        pairing = {**present}
        pairing.pop(CONF_S2_ANY_RESOURCE, None)
        if self._values.get(CONF_S2_ANY_RESOURCE_FIELD):
            pairing[CONF_S2_ANY_RESOURCE] = True
        self.data[CONF_S2] = pairing

    def read_entities(self, is_gone: Callable[[str], bool]) -> None:
        """Keep the entities, all of which have to be there."""
        for key in self._read(*ENTITIES):
            if not (named := self._values.get(key)):
                continue
            entity_ids = [named] if isinstance(named, str) else named
            if gone := [*filter(is_gone, entity_ids)]:
                self.errors[key] = ENTITY_NOT_FOUND
                self.gone_entities[key] = ", ".join(gone)
            self.data[key] = named
        self.placeholders["entities"] = ", ".join(self.gone_entities.values())

    def read_others(self) -> None:
        """Keep what is stored as it is entered."""
        for key in self._read(CONF_SOC_UNIT, CONF_AUTOMATIC_SCHEDULING):
            self.data[key] = self._values[key]
        for key in self._read(*AS_ENTERED):
            if (value := self._values.get(key)) is not None:
                self.data[key] = value
        if self.data.get(CONF_SOC_DEVIATION, 1) <= 0:
            self.errors[CONF_SOC_DEVIATION] = "soc_deviation_not_positive"

    def read_capacity(self, soc_entity: State | None, server_kwh: float | None) -> None:
        """Keep the capacity; a % and a temperature need one, if need be the server's, in kWh."""
        entered = self._values.get(CONF_CAPACITY)
        if soc_entity is not None and CONF_SOC_ENTITY in self._keys:
            is_known = soc_entity.state not in (STATE_UNAVAILABLE, STATE_UNKNOWN)
            if is_known and not is_level(soc_entity):
                self._refuse_entity(soc_entity, "not_a_state_of_charge_entity")
        if entered is not None and entered <= 0:
            self.errors[CONF_CAPACITY] = "capacity_not_positive"
        elif is_temperature(_unit(soc_entity)) or PERCENTAGE in (
            _unit(soc_entity),
            self._values[CONF_SOC_UNIT],
        ):
            if CONF_CAPACITY not in self._keys:
                return
            if (capacity := entered or server_kwh) is None:
                self.errors[CONF_CAPACITY] = "capacity_required"
            else:
                self.data[CONF_CAPACITY] = capacity
        elif CONF_CAPACITY in self._keys and entered is not None:
            self.data[CONF_CAPACITY] = entered

    def check_temperatures(self, soc_entity: State | None) -> None:
        """Refuse temperatures that do not tell how full a tank is, if that is needed."""
        if CONF_SOC_ENTITY not in self._keys:
            return
        empty, full = (self.data.get(key) for key in TEMPERATURES)
        if empty is not None and full is not None:
            if full <= empty:
                self.errors[CONF_FULL_TEMPERATURE] = FULL_NOT_ABOVE_EMPTY
        elif is_temperature(_unit(soc_entity)) and CONF_SOC_ENTITY not in self.errors:
            for key, error in TEMPERATURES.items():
                if key not in self.data:
                    self.errors[key] = error

    def check_amounts(
        self, settings: Mapping[str, Any], server_kwh: float | None
    ) -> None:
        """Refuse amounts above the capacity that was entered or is kept in `settings`.

        Without any, above `server_kwh`: how much it holds as far as the server says.
        """
        own = self._values.get(CONF_CAPACITY)
        if (capacity := own or server_kwh) is None or CONF_CAPACITY in self.errors:
            return
        unit = self._values[CONF_SOC_UNIT]
        for key in (*_LIMITS, CONF_SOC_DEVIATION):
            if key not in settings:
                continue
            amount = settings[key]
            if (in_kwh(amount, unit, capacity) or 0.0) <= capacity * (1 + _NOISE):
                continue
            if key in self._keys:
                self.errors.setdefault(
                    key, ABOVE_CAPACITY if own else "above_server_capacity"
                )
                self.placeholders["capacity"] = self._wording.kwh(capacity)
            elif CONF_CAPACITY in self._keys and own:
                self.errors[CONF_CAPACITY] = "capacity_too_small"
                self.placeholders["amount"] = self._wording.amount(amount, unit)

    def ask_back(
        self, doubts: Doubts, own: Mapping[str, Any], server_kwh: float | None
    ) -> None:
        """Ask back what was entered in kWh and is likely in Wh, one at a time.

        Limits only if nobody says what they are limits of. `own` are the present settings.
        """
        is_capacity_known = bool(self._values.get(CONF_CAPACITY) or server_kwh)
        for key in (CONF_CAPACITY, *_LIMITS, CONF_SOC_DEVIATION):
            amount = self.data.get(key)
            if amount in (None, own.get(key), server_kwh):
                continue
            unit: str = UnitOfEnergy.KILO_WATT_HOUR
            if key != CONF_CAPACITY:
                if is_capacity_known:
                    return
                unit = self._values[CONF_SOC_UNIT]
            doubt = doubtful_energy(self._wording, amount, unit)
            doubts.note(key, doubt, self.errors, self.placeholders)
            if key in self.errors:
                return

    def check_entity(
        self,
        soc_entity: State | None,
        settings: DeviceSettings,
        server_kwh: float | None,
    ) -> None:
        """Refuse an entity that shows now what cannot be of a device with such settings.

        `server_kwh` is how much it holds as far as the server says.
        """
        full_kwh = settings.full_kwh(server_kwh)
        if soc_entity is None or full_kwh is None or CONF_SOC_ENTITY not in self._keys:
            return
        amount = number_in(level_text(soc_entity))
        unit = level_unit(soc_entity, self._wording.temperature_unit)
        if amount is None or unit is None or CONF_SOC_ENTITY in self.errors:
            return
        if is_temperature(unit) and settings.temperatures:
            if settings.temperatures.share(amount, unit) is None:
                self._refuse_entity(soc_entity, "not_a_state_of_charge_entity")
            return
        kwh = in_kwh(amount, unit, full_kwh)
        if kwh is not None and plausible_kwh(kwh, full_kwh) is None:
            self._refuse_entity(soc_entity, "soc_entity_implausible")
            self.placeholders["capacity"] = self._wording.kwh(full_kwh)

    def _refuse_entity(self, soc_entity: State, error: str) -> None:
        self.errors[CONF_SOC_ENTITY] = error
        self.placeholders["shown"] = self._wording.level(soc_entity)

    def _read(self, *keys: str) -> list[str]:
        """Return those of the keys that are read."""
        return [key for key in keys if key in self._keys]


def _unit(entity: State | None) -> str | None:
    # Which unit of a temperature it is makes no difference here.
    return level_unit(entity, UnitOfTemperature.CELSIUS) if entity else None
