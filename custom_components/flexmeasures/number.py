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
from homeassistant.util.unit_conversion import EnergyConverter

from .account import FlexMeasuresConfigEntry
from .coordinator import ScheduleCoordinator
from .device import DeviceSettings
from .entity import FlexMeasuresEntity

# Nothing of it goes to the server.
PARALLEL_UPDATES = 0

TARGET_SOC = NumberEntityDescription(
    key="target_soc", translation_key="target_soc", mode=NumberMode.BOX
)

# Of a device whose settings say nothing of how much it holds.
_DEFAULT_MAX_KWH: Final = 1000.0
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
    """Add the target of each device."""
    for subentry_id, coordinator in entry.runtime_data.coordinators.items():
        async_add_entities(
            [TargetSocNumber(coordinator, TARGET_SOC)], config_subentry_id=subentry_id
        )


class TargetSocNumber(FlexMeasuresEntity, NumberEntity):
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
        self._attr_native_min_value = settings.soc_min or 0.0
        self._attr_native_max_value = _max_value(settings)

    @property
    @override
    def native_value(self) -> float | None:
        """In the unit of the settings."""
        return self.coordinator.memory.target_soc

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Have the next schedules reach this state of charge."""
        self.coordinator.async_set_target(
            target_soc=value, ready_by=self.coordinator.memory.ready_by
        )


def _max_value(settings: DeviceSettings) -> float:
    """The fullest that a device may be, in the unit of its settings."""
    if settings.soc_max is not None:
        return settings.soc_max
    if settings.soc_unit == PERCENTAGE:
        return 100.0
    return EnergyConverter.convert(
        settings.capacity or _DEFAULT_MAX_KWH,
        UnitOfEnergy.KILO_WATT_HOUR,
        settings.soc_unit,
    )
