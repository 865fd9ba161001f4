"""Number: how full the device has to be."""

from typing import Final, override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import PERCENTAGE, UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import FlexMeasuresConfigEntry
from .action_errors import amount_in_kwh, check_number
from .coordinator import ScheduleCoordinator
from .entity import (
    FlexMeasuresEntity,
    LevelEntity,
    async_add_device_entities,
    async_add_resource_entities,
)
from .plan.energy_units import from_kwh

# Nothing of it goes to the server.
PARALLEL_UPDATES = 0

TARGET_SOC = NumberEntityDescription(
    key="target_soc", translation_key="target_soc", mode=NumberMode.BOX
)

ENERGY_TO_USE = NumberEntityDescription(
    key="energy_to_use",
    translation_key="energy_to_use",
    device_class=NumberDeviceClass.ENERGY,
    native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
    native_min_value=0.0,
    native_max_value=1000.0,
    native_step=0.1,
    mode=NumberMode.BOX,
)

# Of a device of which nobody says how much it holds.
_DEFAULT_MAX_KWH: Final = 1000.0
# From one unit to another and back nothing is lost.
_DIGITS: Final = 6
_STEPS: Final = {
    PERCENTAGE: 1.0,
    UnitOfEnergy.WATT_HOUR: 1.0,
    UnitOfEnergy.KILO_WATT_HOUR: 0.1,
    UnitOfEnergy.MEGA_WATT_HOUR: 0.001,
}


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the target of each device, or how much energy it is to use."""
    async_add_device_entities(
        entry,
        async_add_entities,
        lambda coordinator: [TargetSocNumber(coordinator, TARGET_SOC)],
    )
    async_add_resource_entities(
        entry,
        async_add_entities,
        lambda resource: [EnergyToUseNumber(resource.coordinator, ENERGY_TO_USE)],
    )


class TargetSocNumber(LevelEntity, NumberEntity):
    """The state of charge that schedules have to reach by `ready_by`."""

    def __init__(
        self, coordinator: ScheduleCoordinator, description: NumberEntityDescription
    ) -> None:
        """Use the unit and the limits of the settings."""
        super().__init__(coordinator, description)
        settings = coordinator.settings
        unit = settings.soc_unit
        self._attr_native_unit_of_measurement = unit
        self._attr_device_class = (
            NumberDeviceClass.BATTERY
            if unit == PERCENTAGE
            else NumberDeviceClass.ENERGY_STORAGE
        )
        self._attr_native_step = _STEPS[unit]

    @property
    @override
    def native_min_value(self) -> float:
        """The settings' minimum, else the server's."""
        return self._in_unit(self.coordinator.soc_limits.least) or 0.0

    @property
    @override
    def native_max_value(self) -> float:
        """The settings' maximum, else the server's, and never more than the device holds."""
        found = self._in_unit(self.coordinator.soc_limits.most)
        return self._in_unit(_DEFAULT_MAX_KWH) or 100.0 if found is None else found

    @property
    @override
    def native_value(self) -> float | None:
        """In the unit of the settings."""
        return self._in_unit(self.coordinator.memory.ready_by.target_kwh)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Have the next schedules reach this state of charge."""
        # Home Assistant's own limits let NaN pass.
        check_number(value)
        target_kwh = amount_in_kwh(self.coordinator.settings, value)
        await self.coordinator.async_set_target(target_kwh)

    def _in_unit(self, kwh: float | None) -> float | None:
        """Return an amount in the unit of the settings."""
        if kwh is None:
            return None
        settings = self.coordinator.settings
        amount = from_kwh(kwh, settings.soc_unit, settings.capacity)
        return None if amount is None else round(amount, _DIGITS)


class EnergyToUseNumber(FlexMeasuresEntity, NumberEntity):
    """What a device that stores nothing is to consume by `ready_by`."""

    @property
    @override
    def native_value(self) -> float | None:
        target_kwh = self.coordinator.memory.ready_by.target_kwh
        return None if target_kwh is None else round(target_kwh, _DIGITS)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Have the next schedules let it consume that much."""
        # Home Assistant's own limits let NaN pass.
        check_number(value)
        await self.coordinator.async_set_target(value)
