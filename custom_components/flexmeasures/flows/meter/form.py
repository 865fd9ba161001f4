"""The form that sets up a meter: what it shows and makes."""

from collections.abc import Collection, Mapping
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_NAME, UnitOfVolume
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM

from ...api.client import FlexMeasuresApi
from ...api.models import Catalogue, Sensor
from ...const import (
    CONF_BILL_MONTHS,
    CONF_BILL_START,
    CONF_COMMODITY,
    CONF_CONSUMPTION_SENSOR,
    CONF_CUMULATIVE,
    CONF_DAILY_FORECAST,
    CONF_GAS_UNIT,
    DOMAIN,
)
from ...meters.settings import Commodity
from ..fields import FieldError, async_find_sensor, label, shown
from .form_reading import MEASURED, PAID, MeterFormReading
from .schema import FIELDS, meter_schema


class MeterForm:
    """Builds the form and reads it."""

    def __init__(
        self,
        hass: HomeAssistant,
        api: FlexMeasuresApi,
        catalogue: Catalogue,
        commodity: Commodity,
        present: ConfigSubentry | None,
    ) -> None:
        """Start with the meter that is there, or for a new one."""
        self._hass = hass
        self._api = api
        self._catalogue = catalogue
        self._present = present
        self.commodity = commodity
        self.data: dict[str, Any] = {}
        """What the form made: the data of a meter subentry."""
        self.title = ""
        self.placeholders: dict[str, str] = {}
        """Of the errors."""

    @property
    def unique_id(self) -> str:
        """What no two meters share."""
        return f"{self.commodity} {self.data[CONF_CONSUMPTION_SENSOR]}"

    def schema(self) -> vol.Schema:
        """Return the form."""
        return meter_schema(self._catalogue, self.commodity, self._hass.config.currency)

    def values(self) -> dict[str, Any]:
        """Return what the form shows first."""
        is_us = self._hass.config.units is US_CUSTOMARY_SYSTEM
        volume = UnitOfVolume.CENTUM_CUBIC_FEET if is_us else UnitOfVolume.CUBIC_METERS
        values: dict[str, Any] = {
            CONF_CUMULATIVE: False,
            CONF_GAS_UNIT: str(volume),
            CONF_BILL_START: dt_util.now().date().replace(day=1).isoformat(),
            CONF_BILL_MONTHS: 1,
            CONF_DAILY_FORECAST: True,
        }
        if self._present is None:
            return values
        values |= {CONF_NAME: self._present.title, **self._present.data}
        for key in {*MEASURED, *PAID} & values.keys():
            values[key] = shown(self._catalogue, values[key])
        return values

    async def async_read(
        self, user_input: Mapping[str, Any], others: Collection[ConfigSubentry]
    ) -> dict[str, str]:
        """Read the form; return an error for each field that is wrong.

        `others` are all other subentries of the account.
        """
        reading = MeterFormReading(
            user_input, self.commodity, self._hass.config.currency
        )
        consumption: Sensor | None = None
        for key in FIELDS[self.commodity]:
            if key not in (*MEASURED, *PAID):
                continue
            choice = user_input.get(key, "")
            if not choice and key != CONF_CONSUMPTION_SENSOR:
                continue
            with reading.field(key):
                sensor = await async_find_sensor(self._api, self._catalogue, choice)
                reading.read_sensor(key, sensor)
                await self._async_check_data(key, sensor)
                if key == CONF_CONSUMPTION_SENSOR:
                    consumption = sensor
        reading.read_kind()
        if self.commodity is Commodity.GAS:
            reading.read_gas()
        reading.read_bills()
        self.data, self.placeholders = reading.data, reading.placeholders
        if consumption is not None:
            if self.unique_id in {other.unique_id for other in others}:
                reading.errors[CONF_CONSUMPTION_SENSOR] = "already_a_meter"
            with reading.field(CONF_NAME):
                self.title = await self._async_title(
                    user_input.get(CONF_NAME, "").strip(),
                    consumption,
                    {other.title for other in others},
                )
        return reading.errors

    async def _async_check_data(self, key: str, sensor: Sensor) -> None:
        """Raise FieldError for a sensor that is chosen anew and holds nothing yet."""
        present = self._present.data.get(key) if self._present else None
        if sensor.id != present and not await self._api.get_recorded(sensor.id):
            raise FieldError("sensor_without_data")

    async def _async_title(
        self, name: str, consumption: Sensor, taken: Collection[str]
    ) -> str:
        """Return the name, or by default the asset's, with more if that is taken.

        Raises FieldError if another subentry has it.
        """
        if name:
            names = [name]
        else:
            asset = self._catalogue.assets.get(consumption.asset_id)
            first = asset.name if asset else consumption.name
            texts = await async_get_translations(
                self._hass, self._hass.config.language, "selector", {DOMAIN}
            )
            path = f"component.{DOMAIN}.selector.{CONF_COMMODITY}.options"
            names = [
                first,
                f"{first}: {texts[f'{path}.{self.commodity}']}",
                label(self._catalogue, consumption),
            ]
        for free in names:
            if free not in taken:
                return free
        raise FieldError("name_already_used")
