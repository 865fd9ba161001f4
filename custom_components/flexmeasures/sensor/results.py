"""The sensors of what came of a device's plans."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfPower
from homeassistant.core import callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from ..account import FlexMeasuresConfigEntry
from ..coordinator import ScheduleCoordinator
from ..entity import ResultsEntity, async_add_device_entities
from ..results.results import DeviceResults
from ..results.skill import HOURS_AHEAD, Errors

# Sums of floating-point numbers are not more exact, and nobody has smaller coins.
_DIGITS: Final = 4


@dataclass(frozen=True, kw_only=True)
class TodaySensorDescription(SensorEntityDescription):
    """A sensor of what was counted today."""

    value_fn: Callable[[DeviceResults], float | None]
    attributes_fn: Callable[[DeviceResults, datetime], dict[str, float | None]]
    is_priced: bool = False
    """Whether only a device has it that has prices."""


@dataclass(frozen=True, kw_only=True)
class SkillSensorDescription(SensorEntityDescription):
    """A sensor of how well plans were kept."""

    value_fn: Callable[[Errors], float | None]
    count_fn: Callable[[Errors], int]


def _cost_details(results: DeviceResults, now: datetime) -> dict[str, float | None]:
    day = results.day
    return {
        "consumption": day.consumed if day.measured else None,
        "production": day.produced if day.measured else None,
        "above_plan": day.known_cost_off,
        "measured": day.share(day.measured, now),
        "priced": day.share(day.priced, now),
    }


def _saved(results: DeviceResults) -> float | None:
    saved = results.saved_today
    return saved.amount if saved else None


def _saved_details(results: DeviceResults, now: datetime) -> dict[str, float | None]:
    saved, day = results.saved_today, results.day
    return {
        "stored": saved.stored if saved else None,
        "stored_at": saved.stored_at if saved else None,
        "known": day.share(day.judged, now),
    }


COST: Final = TodaySensorDescription(
    key="cost_today",
    translation_key="cost_today",
    device_class=SensorDeviceClass.MONETARY,
    state_class=SensorStateClass.TOTAL,
    suggested_display_precision=2,
    is_priced=True,
    value_fn=lambda results: results.day.known_cost,
    attributes_fn=_cost_details,
)
SAVED: Final = TodaySensorDescription(
    key="saved_today",
    translation_key="saved_today",
    device_class=SensorDeviceClass.MONETARY,
    state_class=SensorStateClass.TOTAL,
    suggested_display_precision=2,
    is_priced=True,
    value_fn=_saved,
    attributes_fn=_saved_details,
)
OFF_PLAN: Final = TodaySensorDescription(
    key="off_plan_today",
    translation_key="off_plan_today",
    device_class=SensorDeviceClass.ENERGY,
    state_class=SensorStateClass.TOTAL,
    native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
    suggested_display_precision=2,
    value_fn=lambda results: results.day.known_off,
    attributes_fn=lambda results, now: {
        "compared": results.day.share(results.day.compared, now)
    },
)
POWER_ERROR: Final = SkillSensorDescription(
    key="power_error",
    translation_key="power_error",
    device_class=SensorDeviceClass.POWER,
    state_class=SensorStateClass.MEASUREMENT,
    native_unit_of_measurement=UnitOfPower.KILO_WATT,
    suggested_display_precision=2,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
    value_fn=lambda errors: errors.mean_power,
    count_fn=lambda errors: errors.powers,
)
SOC_ERROR: Final = SkillSensorDescription(
    key="soc_error",
    translation_key="soc_error",
    state_class=SensorStateClass.MEASUREMENT,
    suggested_display_precision=1,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
    value_fn=lambda errors: errors.mean_soc,
    count_fn=lambda errors: errors.socs,
)


class TodaySensor(ResultsEntity, SensorEntity):
    """What was counted since midnight."""

    _unrecorded_attributes = frozenset(
        {
            "above_plan",
            "compared",
            "consumption",
            "known",
            "measured",
            "priced",
            "production",
            "stored",
            "stored_at",
        }
    )
    entity_description: TodaySensorDescription

    def __init__(
        self, results: DeviceResults, description: TodaySensorDescription
    ) -> None:
        """Be disabled at first where it would never be known."""
        super().__init__(results, description)
        facts = results.coordinator.facts
        self._attr_entity_registry_enabled_default = (
            not description.is_priced or facts is None or facts.is_priced
        )

    @property
    @override
    def native_value(self) -> float | None:
        return _rounded(self.entity_description.value_fn(self.results))

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        """The currency becomes known with the prices."""
        if not self.entity_description.is_priced:
            return self.entity_description.native_unit_of_measurement
        return self.results.day.currency or self.results.coordinator.data.currency

    @property
    @override
    def last_reset(self) -> datetime:
        """Midnight."""
        return self.results.day.start

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """What it is made of, and of how much of the day that is known, in %."""
        found = self.entity_description.attributes_fn(self.results, dt_util.utcnow())
        return {key: _rounded(value) for key, value in found.items()}


class SkillSensor(ResultsEntity, SensorEntity):
    """By how much plans were off that were made an hour before, in the mean of some days."""

    _unrecorded_attributes = frozenset({"hours_ahead"})
    entity_description: SkillSensorDescription

    def __init__(
        self, results: DeviceResults, description: SkillSensorDescription
    ) -> None:
        """Of a level, use the unit of the settings."""
        super().__init__(results, description)
        if description.native_unit_of_measurement is None:
            unit = results.coordinator.settings.soc_unit
            self._attr_native_unit_of_measurement = unit

    @property
    @override
    def native_value(self) -> float | None:
        return self._mean(HOURS_AHEAD[0])

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """The same of plans that were made longer before, and of how many hours each is."""
        count = self.entity_description.count_fn
        return {
            "hours_ahead": {
                str(hours): {
                    "error": self._mean(hours),
                    "hours": count(self.results.skill.errors(hours)),
                }
                for hours in HOURS_AHEAD
            }
        }

    def _mean(self, hours: int) -> float | None:
        errors = self.results.skill.errors(hours)
        return _rounded(self.entity_description.value_fn(errors))


@callback
def async_add_results_entities(
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add what each device can have, now and once something measures its power."""
    account = entry.runtime_data

    def of_power(results: DeviceResults) -> Iterator[Entity]:
        yield TodaySensor(results, COST)
        if results.can_be_judged:
            yield TodaySensor(results, SAVED)
        yield TodaySensor(results, OFF_PLAN)
        yield SkillSensor(results, POWER_ERROR)

    @callback
    def add(results: DeviceResults) -> None:
        subentry_id = results.coordinator.subentry.subentry_id
        async_add_entities(of_power(results), config_subentry_id=subentry_id)

    def of_level(coordinator: ScheduleCoordinator) -> Iterator[Entity]:
        results = account.results[coordinator.subentry.subentry_id]
        if results.has_level:
            yield SkillSensor(results, SOC_ERROR)

    account.measured.async_for_each(add)
    async_add_device_entities(entry, async_add_entities, of_level)


def _rounded(amount: float | None) -> float | None:
    """Return an amount without noise, and without the sign of a negative zero."""
    return None if amount is None else round(amount, _DIGITS) + 0.0
