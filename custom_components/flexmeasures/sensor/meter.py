"""The sensors of a meter."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.const import PERCENTAGE, UnitOfEnergy
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import (
    AddConfigEntryEntitiesCallback,
    EntityPlatform,
)

from ..account import FlexMeasuresConfigEntry
from ..const import DOMAIN
from ..entity import MeterEntity
from ..meters.coordinator import MeterCoordinator
from .meter_descriptions import METER_SENSORS, MeterSensorDescription, Quantity, rounded


class MeterSensor(MeterEntity, SensorEntity):
    """One value of a meter."""

    entity_description: MeterSensorDescription
    _unrecorded_attributes = frozenset(
        {
            "bill_start",
            "bill_end",
            "bills",
            "compensation",
            "consumption",
            "forecast",
            "measured",
            "measured_until",
            "priced",
            "production",
            "since",
            "standing_charge",
            "typical",
        }
    )

    def __init__(
        self, coordinator: MeterCoordinator, description: MeterSensorDescription
    ) -> None:
        """Use the meter's unit and, for money, Home Assistant's currency."""
        super().__init__(coordinator, description)
        settings = coordinator.settings
        match description.quantity:
            case Quantity.SHARE:
                self._attr_native_unit_of_measurement = PERCENTAGE
                return
            case Quantity.MONEY:
                self._attr_device_class = SensorDeviceClass.MONETARY
                self._attr_native_unit_of_measurement = coordinator.hass.config.currency
                self._attr_suggested_display_precision = 2
            case _:
                unit = settings.output.unit
                is_energy = unit == UnitOfEnergy.KILO_WATT_HOUR
                self._attr_device_class = (
                    SensorDeviceClass.ENERGY if is_energy else SensorDeviceClass.GAS
                )
                self._attr_native_unit_of_measurement = unit
                # The owner has chosen it, whatever Home Assistant's unit system has.
                self._attr_suggested_unit_of_measurement = unit
                self._attr_suggested_display_precision = 1
        self._attr_translation_key = f"{settings.commodity}_{description.key}"

    @callback
    @override
    def add_to_platform_start(
        self,
        hass: HomeAssistant,
        platform: EntityPlatform,
        parallel_updates: asyncio.Semaphore | None,
    ) -> None:
        """Suggest the unit that is chosen now: else that of the first time is kept."""
        assert self.unique_id
        registry = er.async_get(hass)
        entity_id = registry.async_get_entity_id(
            platform.domain, DOMAIN, self.unique_id
        )
        if entity_id and (unit := self.suggested_unit_of_measurement):
            registry.async_update_entity_options(
                entity_id,
                f"{platform.domain}.private",
                {"suggested_unit_of_measurement": unit},
            )
        super().add_to_platform_start(hass, platform, parallel_updates)

    @property
    @override
    def native_value(self) -> float | None:
        """None is what is not known yet."""
        return rounded(self.entity_description.value_fn(self.coordinator))

    @property
    @override
    def last_reset(self) -> datetime | None:
        """When the bill began."""
        if self.entity_description.state_class is None:
            return None
        return self.coordinator.data.bill.start

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """What a value is made of."""
        return dict(self.entity_description.attributes_fn(self.coordinator.data))


@callback
def async_add_meter_entities(
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of each meter, now and later: forecasts once there are any."""

    @callback
    def add(meter: MeterCoordinator) -> None:
        sensors = [
            sensor
            for sensor in METER_SENSORS
            if sensor.quantity is not Quantity.MONEY or meter.settings.cost is not None
        ]
        subentry_id = meter.subentry.subentry_id

        @callback
        def add_some(*, are_forecasts: bool) -> None:
            async_add_entities(
                [
                    MeterSensor(meter, sensor)
                    for sensor in sensors
                    if sensor.is_forecast is are_forecasts
                ],
                config_subentry_id=subentry_id,
            )

        @callback
        def add_forecasts() -> None:
            if meter.memory.has_forecast and stops:
                stops.pop()()
                add_some(are_forecasts=True)

        add_some(are_forecasts=False)
        stops: list[Callable[[], None]] = [meter.async_add_listener(add_forecasts)]
        add_forecasts()

    entry.runtime_data.meters.async_for_each(add)
