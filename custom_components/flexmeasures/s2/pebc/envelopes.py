"""Limits over time, before they are those that an RM takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf

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

    def production(self, forecast: Profile[float] | None) -> float:
        """The most that the device may then produce, in W, and by its forecast can."""
        return min(max(-self.wanted.lower, 0.0), self.most_production(forecast))

    def most_production(self, forecast: Profile[float] | None) -> float:
        """The most that it can be allowed to produce, in W, and by its forecast can."""
        expected = mean(forecast, self.start, self.end) if forecast else None
        most = self.constraints.production
        return most if expected is None else min(max(-expected, 0.0), most)

    def hours_within(self, start: datetime, end: datetime) -> float:
        """How many hours of it are in a time."""
        return hours(max(self.start, start), min(self.end, end))


def opened_for(
    energy: EnergyConstraint, periods: Sequence[LimitedPeriod], price: Price | None
) -> list[LimitedPeriod]:
    """Periods that leave room for all the energy that a device may need.

    A plan has the least energy in it; what is missing is added where there is power
    already, and where it is cheap. From the last period on nothing is limited.
    """
    last = periods[-1]
    later = hours(max(last.end, energy.start), energy.end)
    missing = energy.most_left * 1000 - later * last.constraints.consumption
    missing -= sum(
        period.consumption * period.hours_within(energy.start, energy.end)
        for period in periods
    )

    def rank(index: int) -> tuple[bool, float, datetime]:
        period = periods[index]
        per_kwh = price.per_kwh_at(period.start) if price else None
        return (
            period.consumption <= 0,
            inf if per_kwh is None else per_kwh,
            period.start,
        )

    opened = list(periods)
    for index in sorted(range(len(periods)), key=rank):
        period = periods[index]
        length = period.hours_within(energy.start, energy.end)
        if missing <= 0:
            break
        if length:
            upper = min(
                period.consumption + missing / length, period.constraints.consumption
            )
            missing -= (upper - period.consumption) * length
            opened[index] = replace(
                period,
                wanted=Limits(period.wanted.lower, max(upper, period.wanted.upper)),
            )
    return opened


def opened_for_production(
    energy: EnergyConstraint,
    periods: Sequence[LimitedPeriod],
    forecast: Profile[float] | None,
    price: Price | None,
) -> list[LimitedPeriod]:
    """Periods that leave room for all the energy that a device may produce.

    What is missing is added where something is produced already, and where it is worth
    the most. From the last period on nothing is limited.
    """
    last = periods[-1]
    later = hours(max(last.end, energy.start), energy.end)
    missing = energy.most_production_left * 1000 - later * last.constraints.production
    missing -= sum(
        period.production(forecast) * period.hours_within(energy.start, energy.end)
        for period in periods
    )

    def rank(index: int) -> tuple[bool, float, datetime]:
        period = periods[index]
        per_kwh = price.per_kwh_at(period.start) if price else None
        return (
            period.production(forecast) <= 0,
            inf if per_kwh is None else -per_kwh,
            period.start,
        )

    opened = list(periods)
    for index in sorted(range(len(periods)), key=rank):
        period = periods[index]
        length = period.hours_within(energy.start, energy.end)
        if missing <= 0:
            break
        if length:
            allowed = period.production(forecast)
            power = min(allowed + missing / length, period.most_production(forecast))
            missing -= (power - allowed) * length
            opened[index] = replace(
                period,
                wanted=Limits(min(-power, period.wanted.lower), period.wanted.upper),
            )
    return opened
