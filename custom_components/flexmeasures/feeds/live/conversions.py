"""How what an RM reports becomes what a FlexMeasures sensor stores."""

from dataclasses import dataclass

from homeassistant.const import PERCENTAGE, UnitOfPower

from ...api.models import Sensor
from ...coordinator import ScheduleCoordinator
from ...plan.energy_units import in_kwh


@dataclass(frozen=True, slots=True)
class Conversion:
    """The unit in which values are posted, and what makes them so."""

    unit: str
    factor: float = 1.0


async def signed_power(coordinator: ScheduleCoordinator, sensor: Sensor) -> Conversion:
    """Return watts in the sign that the sensor stores; the server turns them into its unit.

    Raises FlexMeasuresError.
    """
    if sensor.id == coordinator.settings.power_sensor:
        # The server settles its sign with the first schedule.
        sensor = await coordinator.metadata.power_sensor()
    sign = 1.0 if sensor.consumption_is_positive else -1.0
    return Conversion(UnitOfPower.WATT, sign)


async def positive_power(
    coordinator: ScheduleCoordinator, sensor: Sensor
) -> Conversion:
    """Return watts, whatever the sensor is for."""
    return Conversion(UnitOfPower.WATT)


async def energy(coordinator: ScheduleCoordinator, sensor: Sensor) -> Conversion | None:
    """Convert from kWh to the sensor's unit, which may be % of the capacity; None if unknown.

    Raises FlexMeasuresError.
    """
    capacity = coordinator.settings.capacity
    if sensor.unit == PERCENTAGE and capacity is None:
        capacity = await coordinator.metadata.full_kwh()
    kwh = in_kwh(1.0, sensor.unit, capacity)
    return Conversion(sensor.unit, 1 / kwh) if kwh else None


async def share(coordinator: ScheduleCoordinator, sensor: Sensor) -> Conversion:
    """Convert from 1.0, which is all, to % where the sensor has it."""
    return Conversion(sensor.unit, 100.0 if sensor.unit == PERCENTAGE else 1.0)


async def unitless(coordinator: ScheduleCoordinator, sensor: Sensor) -> Conversion:
    """Return what has no unit in S2 is in the sensor's."""
    return Conversion(sensor.unit)
