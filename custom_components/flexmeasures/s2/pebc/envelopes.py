"""Limits over time, before they are those that an RM takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf, sumprod
from typing import NamedTuple

from ..energy import hours
from ..instructions.limits import Limits
from ..operation_modes.profile import Profile, mean
from ..plan import Price
from .description import PowerConstraints
from .energy_constraints import EnergyConstraint


@dataclass(frozen=True, slots=True)
class LimitedPeriod:
    """What all phases together are to stay between for a time, if it can be had."""

    start: datetime
    end: datetime
    constraints: PowerConstraints
    wanted: Limits

    @property
    def consumption(self) -> float:
        """The most that the device may then consume, in W."""
        return min(max(self.wanted.upper, 0.0), self.constraints.consumption)

    @property
    def production(self) -> float:
        """The most that it may produce, in W, as a positive number."""
        return min(max(-self.wanted.lower, 0.0), self.constraints.production)

    def most_production(self, forecast: Profile[float] | None) -> float:
        """The most that it can be allowed to produce, in W, and by its forecast can."""
        expected = mean(forecast, self.start, self.end) if forecast else None
        most = self.constraints.production
        return most if expected is None else min(max(-expected, 0.0), most)

    def hours_within(self, start: datetime, end: datetime) -> float:
        """How many hours of it are in a time."""
        return hours(max(self.start, start), min(self.end, end))


def opened_for_consumption(
    energy: EnergyConstraint, periods: Sequence[LimitedPeriod], price: Price | None
) -> list[LimitedPeriod]:
    """Periods that leave room for all the energy that a device may need.

    A plan has the least energy in it; what is missing is added where there is power
    already, and where it is cheap. From the last period on nothing is limited.
    """
    return _opened(
        _Room(energy, energy.most_left, 1.0, price),
        periods,
        [period.consumption for period in periods],
        [period.constraints.consumption for period in periods],
    )


def opened_for_production(
    energy: EnergyConstraint,
    periods: Sequence[LimitedPeriod],
    price: Price | None,
    forecast: Profile[float] | None,
) -> list[LimitedPeriod]:
    """The same for the energy that it may produce, where most is paid for that.

    By its forecast it can, too.
    """
    most = [period.most_production(forecast) for period in periods]
    return _opened(
        _Room(energy, energy.most_production_left, -1.0, price),
        periods,
        [
            min(period.production, can)
            for period, can in zip(periods, most, strict=True)
        ],
        most,
    )


class _Room(NamedTuple):
    """An energy that limits have to leave room for."""

    energy: EnergyConstraint
    kwh: float
    sign: float
    """1 for consumption, -1 for production."""
    price: Price | None

    def rank(self, period: LimitedPeriod, power: float) -> tuple[bool, float, datetime]:
        """Orders periods by how well they suit."""
        per_kwh = self.price.per_kwh_at(period.start) if self.price else None
        return (
            power <= 0,
            inf if per_kwh is None else self.sign * per_kwh,
            period.start,
        )

    def opened(self, period: LimitedPeriod, power: float) -> LimitedPeriod:
        """A period in which this power is allowed, if not more is already."""
        lower, upper = period.wanted
        if self.sign > 0:
            upper = max(power, upper)
        else:
            lower = min(-power, lower)
        return replace(period, wanted=Limits(lower, upper))


def _opened(
    room: _Room,
    periods: Sequence[LimitedPeriod],
    powers: Sequence[float],
    most: Sequence[float],
) -> list[LimitedPeriod]:
    """Periods with room for an energy, of what they allow now and could allow at most (W)."""
    energy = room.energy
    lengths = [period.hours_within(energy.start, energy.end) for period in periods]
    later = hours(max(periods[-1].end, energy.start), energy.end)
    missing = room.kwh * 1000 - later * most[-1] - sumprod(powers, lengths)
    opened = list(periods)
    for index in sorted(
        range(len(periods)), key=lambda each: room.rank(periods[each], powers[each])
    ):
        if missing <= 0:
            break
        if lengths[index] and powers[index] < most[index]:
            power = min(powers[index] + missing / lengths[index], most[index])
            missing -= (power - powers[index]) * lengths[index]
            opened[index] = room.opened(periods[index], power)
    return opened
