"""How the days of a year differ in the demo home: the same for the same day, whenever it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
import math
import random
from typing import TYPE_CHECKING

from . import profiles

if TYPE_CHECKING:
    from datetime import date, datetime

# Of the PV roof, in kW, under a clear sky in June.
PV_PEAK = 3.4
# In UTC, where the demo home is.
NOON = 11.7
# Below it the house is heated.
HEATED_BELOW = 16.0


@dataclass(frozen=True)
class Day:
    """A day's weather, and what follows from it."""

    winter: float
    """1 in the middle of winter, -1 in the middle of summer."""
    temperature: float
    """Mean, in °C."""
    clearness: float
    """1: no cloud all day."""
    number: int

    @classmethod
    def of(cls, day: date) -> Day:
        """Return a day of the year, with the luck that it always has."""
        rng = random.Random(day.toordinal())  # noqa: S311
        winter = math.cos((day.timetuple().tm_yday - 20) / 365.25 * 2 * math.pi)
        return cls(
            winter=winter,
            temperature=10.5 - 7.5 * winter + rng.gauss(0, 2.5),
            clearness=rng.betavariate(2.2 - winter, 1.6),
            number=day.toordinal(),
        )

    def sun(self, moment: datetime) -> float:
        """Return the production of the PV roof at a moment of UTC, in kW."""
        daylight = 12.2 - 4.4 * self.winter
        angle = (moment.hour + moment.minute / 60 - NOON) / daylight * math.pi
        if abs(angle) >= math.pi / 2:
            return 0.0
        height = 0.5 - 0.36 * self.winter
        cloud = self.clearness * self._noise(moment.hour * 4 + moment.minute // 15, 0.1)
        power: float = PV_PEAK * height * cloud * math.cos(angle) ** 1.3
        return power

    def household(self, local: datetime) -> float:
        """Return the household's consumption at a local moment, in kW: more in winter, and at weekends."""
        share = 1.0 + 0.15 * self.winter + 0.12 * (self.number % 7 in (6, 0))
        quarter = local.hour * 4 + local.minute // 15
        usual = profiles.household(local.hour + local.minute / 60)
        return usual * share * self._noise(200 + quarter, 0.25)

    def gas(self, hour: int) -> float:
        """Return the gas of a local hour, in m³: what heats the house, and the water of showers."""
        cold = max(0.0, HEATED_BELOW - self.temperature)
        heating = 0.33 * cold / 24 * (1.5 if 6 <= hour < 23 else 0.2)
        showers = 0.25 if hour in (7, 20) else 0.02
        return round((heating + showers) * self._noise(400 + hour, 0.15), 3)

    def market_price(self, hour: int) -> float:
        """Return the day-ahead price of a local hour, in EUR/kWh: low when the sun shines everywhere."""
        usual = 0.08 + profiles.price(hour) / 1600 * (1 + 0.15 * self.winter)
        sunny = 0.06 * self.clearness * (1 - self.winter) / 2
        return usual - (sunny if 10 <= hour < 17 else 0.0) + self._luck(0.02)

    def gas_price(self) -> float:
        """Return the price of gas, in EUR/m³."""
        return round(1.24 + 0.1 * self.winter + self._luck(0.03), 4)

    def _luck(self, spread: float) -> float:
        """Return what differs from day to day, between plus and minus the spread."""
        return spread * math.sin(self.number * 2.399)

    def _noise(self, key: int, spread: float) -> float:
        """Return a factor around 1 that differs from one interval to the next."""
        value = math.sin(self.number * 12.9898 + key * 78.233) * 43758.5453
        return 1 + spread * (2 * (value - math.floor(value)) - 1)
