"""Reading the form of a meter, as far as that takes no server."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.util import dt as dt_util

from ...api.models import Sensor
from ...api.numbers import believable
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
from ...meters.units import Output
from ...plan.units import Measure, Money
from ..fields import FieldError, FormReading
from .sensors import checked_measure, checked_money

MEASURED: Final = (CONF_CONSUMPTION_SENSOR, CONF_PRODUCTION_SENSOR)
PAID: Final = (CONF_COST_SENSOR, CONF_COMPENSATION_SENSOR)

_MOST_MONTHS: Final = 24
# In kWh per m³: less than any natural gas has, and more.
_CALORIFIC_VALUES: Final = (5, 15)
# Both may be wrong at a time, each with a currency of its own.
_CURRENCY: Final = {
    CONF_COST_SENSOR: "cost_currency",
    CONF_COMPENSATION_SENSOR: "compensation_currency",
}
_OTHER_CURRENCY: Final = {
    CONF_COST_SENSOR: "cost_in_other_currency",
    CONF_COMPENSATION_SENSOR: "compensation_in_other_currency",
}


class MeterFormReading(FormReading):
    """What the form of a meter makes, and what is wrong with it."""

    def __init__(
        self, values: Mapping[str, Any], commodity: Commodity, currency: str
    ) -> None:
        """Start to read values; `currency` is Home Assistant's, in which all costs are shown."""
        super().__init__(values)
        self._commodity = commodity
        self._currency = currency
        self._measures: dict[str, Measure] = {}
        self._money: list[Money] = []
        self._has_instants = False
        self.data |= {
            CONF_COMMODITY: str(commodity),
            CONF_DAILY_FORECAST: values[CONF_DAILY_FORECAST],
        }
        self.placeholders = {"home_currency": currency}
        """Of the errors."""

    def read_sensor(self, key: str, sensor: Sensor) -> None:
        """Keep the sensor of a field; raises FieldError if it is not what the field is for."""
        if key in MEASURED:
            self._measures[key] = checked_measure(sensor, self._commodity)
            self._has_instants |= not sensor.resolution
        else:
            money = checked_money(sensor, self._commodity)
            if money.currency != self._currency:
                self.placeholders[_CURRENCY[key]] = money.currency
                raise FieldError(_OTHER_CURRENCY[key])
            self._money.append(money)
        self.data[key] = sensor.id

    def read_kind(self) -> None:
        """Keep whether the sensors hold what a meter shows; check that they go together."""
        is_cumulative = self._values[CONF_CUMULATIVE]
        self.data[CONF_CUMULATIVE] = is_cumulative
        is_net = self._measures.keys() == {*MEASURED} and (
            self.data[CONF_PRODUCTION_SENSOR] == self.data[CONF_CONSUMPTION_SENSOR]
        )
        if is_cumulative and any(each.is_rate for each in self._measures.values()):
            self.errors[CONF_CUMULATIVE] = "rate_is_no_reading"
        # It would have to fall for what was produced.
        elif is_net and (is_cumulative or self._has_instants):
            self.errors[CONF_PRODUCTION_SENSOR] = "net_reading"
        if self._values.get(CONF_COMPENSATION_SENSOR) and not self._values.get(
            CONF_PRODUCTION_SENSOR
        ):
            self.errors.setdefault(
                CONF_COMPENSATION_SENSOR, "compensation_without_production"
            )

    def read_gas(self) -> None:
        """Keep what gas is shown in, and its calorific value if that is told or needed."""
        unit = self._values[CONF_GAS_UNIT]
        self.data[CONF_GAS_UNIT] = unit
        calorific_value = self._values.get(CONF_CALORIFIC_VALUE)
        if calorific_value is None:
            if self._mixes_dimensions(Output(unit)):
                self.errors[CONF_CALORIFIC_VALUE] = "calorific_value_required"
            return
        least, most = _CALORIFIC_VALUES
        if not least <= calorific_value <= most:
            self.errors[CONF_CALORIFIC_VALUE] = "calorific_value_out_of_range"
        self.data[CONF_CALORIFIC_VALUE] = calorific_value

    def _mixes_dimensions(self, output: Output) -> bool:
        """Return whether something is measured or paid in the other of volume and energy."""
        return any(
            output.amount(measure) is None for measure in self._measures.values()
        ) or any(
            money.per is not None and output.price(money) is None
            for money in self._money
        )

    def read_bills(self) -> None:
        """Keep when bills start, and what is on them besides."""
        start = dt_util.parse_date(str(self._values[CONF_BILL_START]))
        if start is None:
            self.errors[CONF_BILL_START] = "not_a_date"
        else:
            self.data[CONF_BILL_START] = start.isoformat()
        months = self._values[CONF_BILL_MONTHS]
        if months.is_integer() and 1 <= months <= _MOST_MONTHS:
            self.data[CONF_BILL_MONTHS] = int(months)
        else:
            self.errors[CONF_BILL_MONTHS] = "bill_months_out_of_range"
        standing_charge = self._values.get(CONF_STANDING_CHARGE)
        if standing_charge is not None:
            if not believable(standing_charge):
                self.errors[CONF_STANDING_CHARGE] = "not_an_amount"
            self.data[CONF_STANDING_CHARGE] = standing_charge
