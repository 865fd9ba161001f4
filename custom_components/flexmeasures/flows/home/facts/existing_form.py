"""What is asked of an asset that says the rest of itself."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import PERCENTAGE, UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ....api.client import FlexMeasuresApi
from ....api.models import Catalogue
from ....const import CONF_CAPACITY, CONF_POWER_SENSOR, CONF_SOC_ENTITY, CONF_SOC_UNIT
from ....device.level_entity import level_unit
from ....device.settings import DeviceSettings
from ....plan.energy_units import is_temperature, quantity_in_kwh
from ....plan.grid import floor_to_grid
from ....scheduling.automations import SCHEDULING, async_is_automated
from ....scheduling.planned_here import PlannedHere
from ...device.level_feed import LevelFeeds, stored_soc_sensor_id
from ...doubts import Doubts, doubtful_energy
from ...fields import AmountSelector, FieldError
from ...wording import Wording
from ..existing import Schedulable
from ..making.devices import Kind
from ..making.readiness import IN_THE_MORNING, READY_BY, Readiness, ready_by_field
from ..making.wanted import USUAL_SETTINGS, PresentDevice, is_external_id
from .storage_form import check_level, level_selector
from .temperatures import (
    check_temperatures,
    temperature_fields,
    temperatures_in_celsius,
    usual_temperatures,
)


class ExistingForm:
    """Asks how full it is, if it stores energy."""

    def __init__(
        self,
        hass: HomeAssistant,
        wording: Wording,
        catalogue: Catalogue,
        schedulable: Schedulable,
        level_feeds: LevelFeeds,
    ) -> None:
        """Start with what the server says of the asset."""
        self._hass = hass
        self._wording = wording
        self._doubts = Doubts()
        self._catalogue = catalogue
        self._level_feeds = level_feeds
        self.schedulable = schedulable
        self.errors: dict[str, str] = {}
        """By field."""
        self.placeholders: dict[str, str] = {}
        """Of the errors."""
        model = schedulable.asset.flex_model
        self._full_kwh = quantity_in_kwh(model.get("soc-max"))
        self._is_storage = any(
            key == "state-of-charge" or key.startswith("soc-") for key in model
        )
        self._is_tank = self._is_storage and schedulable.kind == Kind.HEAT

    def schema(self) -> vol.Schema:
        """Return the form; it has no fields for what stores nothing."""
        fields: dict[vol.Marker, Any] = {}
        if self._is_storage:
            fields[vol.Optional(CONF_SOC_ENTITY)] = level_selector(
                self._hass, temperatures=self._is_tank
            )
            if self._is_tank:
                fields |= temperature_fields(self._hass)
            if self._full_kwh is None:
                fields[vol.Optional(CONF_CAPACITY)] = AmountSelector(
                    UnitOfEnergy.KILO_WATT_HOUR
                )
            if self.schedulable.kind == Kind.CAR:
                fields |= ready_by_field()
        return vol.Schema(fields)

    def values(self) -> dict[str, Any]:
        """Return what it shows at first."""
        return {READY_BY: IN_THE_MORNING, **usual_temperatures(self._hass)}

    def read(self, user_input: Mapping[str, Any]) -> PresentDevice | None:
        """Return the device; None, with errors, if something is wrong."""
        self.errors, self.placeholders = {}, {}
        sensor = self.schedulable.power_sensor
        settings = dict(USUAL_SETTINGS)
        entity_id = user_input.get(CONF_SOC_ENTITY)
        feed = None
        unit = self._unit_of(entity_id)
        capacity = self._read_capacity(
            user_input, is_needed=unit == PERCENTAGE or is_temperature(unit)
        )
        if capacity:
            settings[CONF_CAPACITY] = capacity
        if entity_id:
            settings[CONF_SOC_ENTITY] = entity_id
            if unit == PERCENTAGE:
                settings[CONF_SOC_UNIT] = PERCENTAGE
            if is_temperature(unit) and self._is_tank:
                check_temperatures(
                    self._hass,
                    self._wording,
                    user_input,
                    self.errors,
                    self.placeholders,
                )
                settings |= temperatures_in_celsius(self._hass, user_input)
            if not self.errors:
                problem = check_level(self._hass, self._wording, settings)
                if problem:
                    self.errors[CONF_SOC_ENTITY], self.placeholders = problem
            if not self.errors:
                feed = self._level_feed(entity_id, settings)
        if self.errors:
            return None
        return PresentDevice(
            power_sensor=sensor,
            name=self.schedulable.asset.name,
            settings=settings,
            feeds=(feed,) if feed else (),
            entity_id=entity_id,
            readiness=Readiness.from_form(user_input, capacity),
        )

    def _read_capacity(
        self, user_input: Mapping[str, Any], *, is_needed: bool
    ) -> float | None:
        """Return what it holds, in kWh; None, maybe with an error, if nobody says so."""
        entered: float | None = user_input.get(CONF_CAPACITY)
        if entered is None:
            if is_needed and self._full_kwh is None:
                self.errors[CONF_CAPACITY] = "capacity_required"
            return self._full_kwh
        if entered <= 0:
            self.errors[CONF_CAPACITY] = "capacity_not_positive"
        doubt = doubtful_energy(self._wording, entered)
        self._doubts.note(CONF_CAPACITY, doubt, self.errors, self.placeholders)
        return entered

    def _unit_of(self, entity_id: str | None) -> str | None:
        if (state := self._hass.states.get(entity_id or "")) is None:
            return None
        return level_unit(state, self._hass.config.units.temperature_unit)

    def _level_feed(
        self, entity_id: str, settings: Mapping[str, Any]
    ) -> ConfigSubentryData | None:
        """Return what sends the level to the server, if that has a sensor for it."""
        power = self.schedulable.power_sensor
        read = DeviceSettings.from_subentry({CONF_POWER_SENSOR: power.id, **settings})
        sensor = self._level_feeds.sensor(
            self._catalogue, stored_soc_sensor_id(self._catalogue, power)
        )
        if sensor is None:
            return None
        try:
            feed = self._level_feeds.async_feed(
                self._hass,
                self._catalogue,
                sensor,
                entity_id,
                capacity=read.capacity,
                temperatures=read.temperatures,
            )
        except FieldError as err:
            self.errors[CONF_CAPACITY] = err.key
            return None
        return feed.subentry(()) if feed else None


async def async_is_planned_by_server(
    api: FlexMeasuresApi,
    catalogue: Catalogue,
    schedulable: Schedulable,
    planned_here: PlannedHere,
) -> bool:
    """Return whether somebody else has plans made: an automation, or whoever made one for now.

    Not this Home Assistant, before the device was removed. Raises FlexMeasuresError.
    """
    sensor = schedulable.power_sensor
    lineage = list(catalogue.lineage(sensor))
    if await async_is_automated(api, lineage, sensor, SCHEDULING):
        return True
    if sensor.id in planned_here or is_external_id(schedulable.asset.external_id):
        return False
    slot: timedelta = sensor.slot_length
    start = floor_to_grid(dt_util.utcnow(), slot, sensor.time_zone)
    data = await api.get_data(
        sensor.id,
        start=start,
        duration=slot,
        unit=sensor.unit,
        source_type="scheduler",
    )
    return data is not None and data.values[:1] != (None,)
