"""The sensors of one value each, and where they have it from.

What another entity, the calendar or the card says, too, is disabled by default.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfPower
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from ..coordinator import ScheduleCoordinator
from ..plan.grid import local_midnight
from ..plan.outlook import Outlook
from ..plan.schedule import Action, Schedule

# Sums of floating-point numbers are not more exact.
_DIGITS = 6

type _Period = Callable[[Schedule], tuple[datetime, datetime]]


def _rest_of_plan(schedule: Schedule) -> tuple[datetime, datetime]:
    """Return what begins with the running slot, so that nothing changes within a slot."""
    return schedule.slot_start(dt_util.utcnow()), schedule.end


def _rest_of_day(schedule: Schedule) -> tuple[datetime, datetime]:
    start = schedule.slot_start(dt_util.utcnow())
    return start, local_midnight(start, days_later=1)


def _energy(coordinator: ScheduleCoordinator, period: _Period) -> float | None:
    if (schedule := coordinator.data.power) is None:
        return None
    return _rounded(coordinator.outlook.energy(*period(schedule)))


def _cost(coordinator: ScheduleCoordinator, period: _Period) -> float | None:
    if (schedule := coordinator.data.power) is None:
        return None
    return _rounded(coordinator.outlook.cost(*period(schedule)))


def _savings(coordinator: ScheduleCoordinator) -> float | None:
    savings = coordinator.savings
    return _rounded(savings.amount) if savings else None


def _rounded(amount: float | None) -> float | None:
    """Return an amount without noise, and without the sign of a negative zero."""
    return None if amount is None else round(amount, _DIGITS) + 0.0


def _next_change(coordinator: ScheduleCoordinator) -> datetime | None:
    schedule = coordinator.data.power
    return schedule.next_change(dt_util.utcnow()) if schedule else None


def action(coordinator: ScheduleCoordinator) -> Action | None:
    """Return what the setpoint means; None while there is none."""
    setpoint = coordinator.setpoint
    return None if setpoint is None else Action.of(setpoint)


def _price(coordinator: ScheduleCoordinator) -> float | None:
    price = coordinator.data.consumption_price
    return price.per_kwh_at(dt_util.utcnow()) if price else None


def _per_kwh(currency: str) -> str:
    return f"{currency}/{UnitOfEnergy.KILO_WATT_HOUR}"


@dataclass(frozen=True, kw_only=True)
class MomentSensorDescription(SensorEntityDescription):
    """A sensor of a moment that is to come."""

    next_fn: Callable[[Outlook, datetime], datetime | None]
    """What comes after a moment."""


@dataclass(frozen=True, kw_only=True)
class DeviceSensorDescription(SensorEntityDescription):
    """A sensor of one value."""

    value_fn: Callable[[ScheduleCoordinator], StateType | datetime]
    unit_fn: Callable[[str], str] | None = None
    """The unit by the currency of the prices, for what has to do with money."""


# No state class anywhere: a plan is no measurement, and statistics of it would read as one.
SENSORS = (
    DeviceSensorDescription(
        key="next_change",
        translation_key="next_change",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        value_fn=_next_change,
    ),
    DeviceSensorDescription(
        key="planned_energy",
        translation_key="planned_energy",
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        entity_registry_enabled_default=False,
        value_fn=lambda coordinator: _energy(coordinator, _rest_of_plan),
    ),
    DeviceSensorDescription(
        key="planned_energy_today",
        translation_key="planned_energy_today",
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        entity_registry_enabled_default=False,
        value_fn=lambda coordinator: _energy(coordinator, _rest_of_day),
    ),
    DeviceSensorDescription(
        key="planned_cost",
        translation_key="planned_cost",
        device_class=SensorDeviceClass.MONETARY,
        suggested_display_precision=2,
        entity_registry_enabled_default=False,
        value_fn=lambda coordinator: _cost(coordinator, _rest_of_plan),
        unit_fn=str,
    ),
    DeviceSensorDescription(
        key="planned_cost_today",
        translation_key="planned_cost_today",
        device_class=SensorDeviceClass.MONETARY,
        suggested_display_precision=2,
        entity_registry_enabled_default=False,
        value_fn=lambda coordinator: _cost(coordinator, _rest_of_day),
        unit_fn=str,
    ),
    DeviceSensorDescription(
        key="planned_savings",
        translation_key="planned_savings",
        device_class=SensorDeviceClass.MONETARY,
        suggested_display_precision=2,
        entity_registry_enabled_default=False,
        value_fn=_savings,
        unit_fn=str,
    ),
    DeviceSensorDescription(
        key="price",
        translation_key="price",
        suggested_display_precision=4,
        entity_registry_enabled_default=False,
        value_fn=_price,
        unit_fn=_per_kwh,
    ),
    DeviceSensorDescription(
        key="last_schedule",
        translation_key="last_schedule",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda coordinator: coordinator.memory.last_schedule,
    ),
    DeviceSensorDescription(
        key="action",
        translation_key="action",
        device_class=SensorDeviceClass.ENUM,
        options=list(Action),
        value_fn=action,
        entity_registry_enabled_default=False,
    ),
)
MOMENTS = (
    MomentSensorDescription(
        key="next_charge_start",
        translation_key="next_charge_start",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        next_fn=Outlook.next_charge_start,
    ),
    MomentSensorDescription(
        key="next_charge_end",
        translation_key="next_charge_end",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        next_fn=Outlook.next_charge_end,
    ),
)
NOW = SensorEntityDescription(key="now", translation_key="now")
SCHEDULE = SensorEntityDescription(
    key="schedule",
    translation_key="schedule",
    device_class=SensorDeviceClass.POWER,
    native_unit_of_measurement=UnitOfPower.KILO_WATT,
    suggested_display_precision=2,
    # It is there for charts that draw its attributes: it says what the setpoint says.
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)
SOC_FORECAST = SensorEntityDescription(
    key="soc_forecast",
    translation_key="soc_forecast",
    suggested_display_precision=1,
    entity_registry_enabled_default=False,
)
SCHEDULING_STATUS = SensorEntityDescription(
    key="scheduling_status",
    translation_key="scheduling_status",
    device_class=SensorDeviceClass.ENUM,
    entity_category=EntityCategory.DIAGNOSTIC,
)
SETPOINT = SensorEntityDescription(
    key="setpoint",
    translation_key="setpoint",
    device_class=SensorDeviceClass.POWER,
    native_unit_of_measurement=UnitOfPower.KILO_WATT,
    suggested_display_precision=2,
)
