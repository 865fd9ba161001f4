"""What the owner has set for a meter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Self

from homeassistant.const import UnitOfEnergy

from ..const import (
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
from .bills.cycle import BillCycle
from .units import Output


class Commodity(StrEnum):
    """What is metered."""

    ELECTRICITY = "electricity"
    GAS = "gas"


@dataclass(frozen=True, slots=True)
class MeterSettings:
    """A meter's settings; sensors are FlexMeasures sensors by their ids."""

    commodity: Commodity
    consumption: int
    production: int | None
    cost: int | None
    """Of the consumption: a price, or what it has cost."""
    compensation: int | None
    """Of the production: a price, or what it has earned."""
    is_cumulative: bool
    """Whether the sensors hold what a meter shows, which only ever rises."""
    bills: BillCycle
    standing_charge: float
    """Per month, in Home Assistant's currency."""
    output: Output
    has_daily_forecast: bool
    """Whether the server is to forecast the consumption once a day."""

    @classmethod
    def from_subentry(cls, data: Mapping[str, Any]) -> Self:
        """Read the data of a meter subentry."""
        commodity = Commodity(data[CONF_COMMODITY])
        return cls(
            commodity=commodity,
            consumption=data[CONF_CONSUMPTION_SENSOR],
            production=data.get(CONF_PRODUCTION_SENSOR),
            cost=data.get(CONF_COST_SENSOR),
            compensation=data.get(CONF_COMPENSATION_SENSOR),
            is_cumulative=data.get(CONF_CUMULATIVE, False),
            bills=BillCycle(
                date.fromisoformat(data[CONF_BILL_START]), data[CONF_BILL_MONTHS]
            ),
            standing_charge=data.get(CONF_STANDING_CHARGE, 0.0),
            output=Output(
                data.get(CONF_GAS_UNIT, UnitOfEnergy.KILO_WATT_HOUR),
                data.get(CONF_CALORIFIC_VALUE),
            ),
            has_daily_forecast=data.get(CONF_DAILY_FORECAST, False),
        )

    @property
    def counted_as(self) -> str:
        """What statistics depend on: with other settings they have to be made anew."""
        return repr(
            (
                self.consumption,
                self.production,
                self.cost,
                self.compensation,
                self.is_cumulative,
                self.output.unit,
                self.output.calorific_value,
            )
        )
