"""The unit that a meter is shown in."""

from dataclasses import dataclass
from typing import Final

from homeassistant.const import UnitOfEnergy, UnitOfVolume

from ..plan.units import CUBIC_FOOT, Dimension, Measure, Money

_OUTPUTS: Final[dict[str, tuple[Dimension, float]]] = {
    UnitOfEnergy.KILO_WATT_HOUR: (Dimension.ENERGY, 1.0),
    UnitOfVolume.CUBIC_METERS: (Dimension.VOLUME, 1.0),
    UnitOfVolume.CUBIC_FEET: (Dimension.VOLUME, CUBIC_FOOT),
    UnitOfVolume.CENTUM_CUBIC_FEET: (Dimension.VOLUME, 100 * CUBIC_FOOT),
}


@dataclass(frozen=True, slots=True)
class Output:
    """The unit that a meter is shown in."""

    unit: str
    """Home Assistant's: kWh, m³, ft³ or CCF."""
    calorific_value: float | None = None
    """In kWh per m³, for gas that is measured in one and shown or paid in the other."""

    @property
    def dimension(self) -> Dimension:
        """What the unit is one of."""
        return _OUTPUTS[self.unit][0]

    def per(self, dimension: Dimension) -> float | None:
        """Return how many of the unit a kWh or m³ is; None without a calorific value."""
        own, factor = _OUTPUTS[self.unit]
        if own is dimension:
            return 1 / factor
        if not self.calorific_value:
            return None
        if own is Dimension.ENERGY:
            return self.calorific_value / factor
        return 1 / self.calorific_value / factor

    def amount(self, measure: Measure) -> float | None:
        """Return how many of the unit one of the measure's is, or flows in an hour."""
        per = self.per(measure.dimension)
        return None if per is None else measure.factor * per

    def price(self, money: Money) -> float | None:
        """Return how much one of the unit costs at a price of 1."""
        if money.per is None or (per := self.per(money.per)) is None:
            return None
        return money.factor / per
