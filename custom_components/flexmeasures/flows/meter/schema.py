"""The form of a meter: its fields, and what they are entered with."""

from collections.abc import Callable
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.const import CONF_NAME, UnitOfEnergy, UnitOfVolume
from homeassistant.helpers.selector import (
    BooleanSelector,
    DateSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    Selector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from ...api.models import Catalogue, Sensor
from ...const import (
    CONF_BILL_MONTHS,
    CONF_BILL_START,
    CONF_CALORIFIC_VALUE,
    CONF_COMMODITY,
    CONF_COMPENSATION_SENSOR,
    CONF_CONSUMPTION_SENSOR,
    CONF_COST_SENSOR,
    CONF_CUMULATIVE,
    CONF_DAILY_FORECAST,
    CONF_GAS_UNIT,
    CONF_PRODUCTION_SENSOR,
    CONF_STANDING_CHARGE,
)
from ...meters.settings import Commodity
from ..fields import FieldError, SensorSelector, is_public
from .sensors import checked_measure, checked_money

FIELDS: Final = {
    Commodity.ELECTRICITY: (
        CONF_CONSUMPTION_SENSOR,
        CONF_PRODUCTION_SENSOR,
        CONF_CUMULATIVE,
        CONF_COST_SENSOR,
        CONF_COMPENSATION_SENSOR,
        CONF_STANDING_CHARGE,
        CONF_BILL_START,
        CONF_BILL_MONTHS,
        CONF_DAILY_FORECAST,
        CONF_NAME,
    ),
    Commodity.GAS: (
        CONF_CONSUMPTION_SENSOR,
        CONF_CUMULATIVE,
        CONF_GAS_UNIT,
        CONF_CALORIFIC_VALUE,
        CONF_COST_SENSOR,
        CONF_STANDING_CHARGE,
        CONF_BILL_START,
        CONF_BILL_MONTHS,
        CONF_DAILY_FORECAST,
        CONF_NAME,
    ),
}
# Not the consumption sensor: of a list that is required the frontend chooses the first
# one by itself.
_REQUIRED: Final = frozenset(
    {
        CONF_CUMULATIVE,
        CONF_GAS_UNIT,
        CONF_BILL_START,
        CONF_BILL_MONTHS,
        CONF_DAILY_FORECAST,
    }
)
_GAS_UNITS: Final = (
    UnitOfVolume.CUBIC_METERS,
    UnitOfVolume.CENTUM_CUBIC_FEET,
    UnitOfVolume.CUBIC_FEET,
    UnitOfEnergy.KILO_WATT_HOUR,
)

COMMODITY_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_COMMODITY): SelectSelector(
            SelectSelectorConfig(
                options=[*Commodity],
                translation_key=CONF_COMMODITY,
                mode=SelectSelectorMode.LIST,
            )
        )
    }
)


class _LenientDateSelector(DateSelector):
    """A date; the form reports a text that is none."""

    @override
    def __call__(self, data: Any) -> Any:
        """Leave it to the form."""
        return data


def meter_schema(
    catalogue: Catalogue, commodity: Commodity, currency: str
) -> vol.Schema:
    """Return the form; `currency` is that of the standing charge."""
    selectors = _selectors(catalogue, commodity, currency)
    return vol.Schema(
        {
            (vol.Required if key in _REQUIRED else vol.Optional)(key): selectors[key]
            for key in FIELDS[commodity]
        }
    )


def _selectors(
    catalogue: Catalogue, commodity: Commodity, currency: str
) -> dict[str, Selector[Any]]:
    """Return what each field is entered with."""
    measured = _sensors(catalogue, commodity, checked_measure)
    paid = _sensors(catalogue, commodity, checked_money)
    return {
        CONF_CONSUMPTION_SENSOR: measured,
        CONF_PRODUCTION_SENSOR: measured,
        CONF_CUMULATIVE: BooleanSelector(),
        CONF_COST_SENSOR: paid,
        CONF_COMPENSATION_SENSOR: paid,
        CONF_GAS_UNIT: SelectSelector(
            SelectSelectorConfig(
                options=[*_GAS_UNITS], mode=SelectSelectorMode.DROPDOWN
            )
        ),
        CONF_CALORIFIC_VALUE: _number("kWh/m³"),
        CONF_STANDING_CHARGE: _number(currency),
        CONF_BILL_START: _LenientDateSelector(),
        CONF_BILL_MONTHS: NumberSelector(
            NumberSelectorConfig(step=1, mode=NumberSelectorMode.BOX)
        ),
        CONF_DAILY_FORECAST: BooleanSelector(),
        CONF_NAME: TextSelector(),
    }


def _sensors(
    catalogue: Catalogue,
    commodity: Commodity,
    check: Callable[[Sensor, Commodity], object],
) -> SensorSelector:
    """Return a choice of the sensors that pass a check; first those of what is no device."""

    def fits(sensor: Sensor) -> bool:
        try:
            check(sensor, commodity)
        except FieldError:
            return False
        return True

    return SensorSelector(
        catalogue,
        filter(fits, catalogue.sensors.values()),
        is_first=lambda sensor: (
            not is_public(catalogue, sensor) and not catalogue.is_device(sensor)
        ),
    )


def _number(unit: str) -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(
            step="any", mode=NumberSelectorMode.BOX, unit_of_measurement=unit
        )
    )
