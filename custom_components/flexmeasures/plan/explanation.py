"""Why a plan does what it does, as far as its own values show it.

Each reason is a comparison of what is planned with prices, limits and wishes, that
anybody can do again: nothing is said of what only the solver knows.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from .plan import Plan
from .reasons import Reason, ReasonCode
from .schedule import Action, Schedule

_HOUR: Final = timedelta(hours=1)

# Of the largest power of a block: what is less is no reason for anything.
_NOTICEABLE: Final = 0.05
# Of the range of the state of charge: closer is the same.
_CLOSE: Final = 0.02
# Of the time ahead: what holds for more of it is nothing special.
_FEW: Final = 0.5
# In the currency, per kWh: less is no difference.
_SAME_PRICE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Explained:
    """Slots of the plan that follow each other and have the same action."""

    start: datetime
    end: datetime
    action: Action
    energy: float
    """In kWh, never negative."""
    reasons: tuple[Reason, ...]
    """The most telling first; at least one."""


@dataclass(frozen=True, slots=True)
class LevelWish:
    """A state of charge that is to be reached."""

    at: datetime
    level: float
    """In the unit of the plan's state of charge."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a plan was made for."""

    wishes: Sequence[LevelWish] = ()
    """In order."""
    least: float | None = None
    """Of the state of charge, in the plan's unit."""
    most: float | None = None


def explanations(
    plan: Plan, circumstances: Circumstances, now: datetime
) -> tuple[Explained, ...]:
    """Return what is planned from the running slot on, and why."""
    power = plan.power.since(now) if plan.power else None
    return tuple(_Explainer(plan, power, circumstances).explained()) if power else ()


@dataclass(frozen=True, slots=True)
class _Run:
    """Slots of one action."""

    first: int
    last: int
    """Exclusive."""
    action: Action
    energies: tuple[float, ...]
    """In kWh, consumption positive."""

    @property
    def energy(self) -> float:
        return abs(sum(self.energies))

    def noticeable(self) -> Iterator[int]:
        """Return the slots in which something worth speaking of happens."""
        least = _NOTICEABLE * max(map(abs, self.energies))
        for index, energy in enumerate(self.energies, self.first):
            if abs(energy) > least:
                yield index


@dataclass(slots=True)
class _Explainer:
    plan: Plan
    power: Schedule
    circumstances: Circumstances
    runs: list[_Run] = field(init=False)
    costs: list[float | None] = field(init=False)
    """Of a kWh that is consumed, in each slot."""
    worths: list[float | None] = field(init=False)
    """Of a kWh that is produced."""

    def __post_init__(self) -> None:
        """Find what is done when, and what a kWh costs and is worth then."""
        self.runs = list(_runs(self.power))
        consumption = self.plan.consumption_price
        selling = self.plan.selling_price
        self.costs, self.worths = (
            [
                price.mean(self._at(index), self._at(index + 1)) if price else None
                for index in range(len(self.power.values))
            ]
            for price in (consumption, selling)
        )

    def explained(self) -> Iterator[Explained]:
        """Return each run with its reasons."""
        for index, run in enumerate(self.runs):
            following = self.runs[index + 1 :]
            match run.action:
                case Action.CHARGE:
                    reasons = self._why_charge(run, following)
                case Action.DISCHARGE:
                    reasons = self._why_discharge(run, self.runs[:index])
                case _:
                    reasons = self._why_idle(run, following)
            yield Explained(
                start=self._at(run.first),
                end=self._at(run.last),
                action=run.action,
                energy=run.energy,
                reasons=tuple(reasons) or (Reason(ReasonCode.UNKNOWN),),
            )

    # --- why

    def _why_charge(self, run: _Run, following: Iterable[_Run]) -> Iterator[Reason]:
        prices = _known(self.costs, run.noticeable())
        if prices and max(prices) < 0:
            yield Reason(ReasonCode.PAID_TO_CONSUME, price=self._price(run, self.costs))
        elif prices and (share := _share(self.costs, max(prices), -1)):
            yield self._hours(ReasonCode.CHEAPEST_HOURS, share)
        until_discharge = next(
            (
                self._at(each.first)
                for each in following
                if each.action is Action.DISCHARGE
            ),
            self.power.end,
        )
        for wish in self.circumstances.wishes:
            planned, risen = self._level_at(wish.at), self._rise(run)
            if (
                self._at(run.last) <= wish.at <= until_discharge
                and planned is not None
                and risen is not None
                and planned - wish.level <= min(self._close, risen)
            ):
                yield Reason(ReasonCode.FOR_TARGET, at=wish.at, level=wish.level)
                break

    def _why_discharge(self, run: _Run, before: Sequence[_Run]) -> Iterator[Reason]:
        worths = _known(self.worths, run.noticeable())
        if worths and (share := _share(self.worths, min(worths), 1)):
            yield self._hours(ReasonCode.DEAREST_HOURS, share)
        worth = self._price(run, self.worths)
        charges = [each for each in before if each.action is Action.CHARGE]
        paid = self._mean_price(charges, self.costs)
        efficiency = self._round_trip()
        if worth is not None and paid is not None and efficiency:
            gain = worth - paid / efficiency
            if gain > _SAME_PRICE:
                yield Reason(ReasonCode.WORTH_MORE, gain=gain)

    def _why_idle(self, run: _Run, following: Sequence[_Run]) -> Iterator[Reason]:
        start = self._at(run.first)
        level, end_level = self._level_at(start), self._level_at(self._at(run.last))
        least, most = self.circumstances.least, self.circumstances.most
        if level is not None and most is not None and level >= most - self._close:
            yield Reason(ReasonCode.FULL, level=most)
        elif level is not None and least is not None and level <= least + self._close:
            yield Reason(ReasonCode.EMPTY, level=least)
        wish = next(
            (each for each in self.circumstances.wishes if each.at > start), None
        )
        if (
            wish
            and level is not None
            and end_level is not None
            and self._at(run.last) >= wish.at
            and abs(level - wish.level) <= self._close
        ):
            yield Reason(ReasonCode.HOLDS_FOR_TARGET, at=wish.at, level=wish.level)
        then = next((each for each in following if each.energy), None)
        if then is None:
            return
        is_charge = then.action is Action.CHARGE
        prices = self.costs if is_charge else self.worths
        now_price = _mean(_known(prices, range(run.first, run.last)))
        then_price = self._price(then, prices)
        if now_price is None or then_price is None:
            return
        gain = now_price - then_price if is_charge else then_price - now_price
        if gain > _SAME_PRICE:
            code = (
                ReasonCode.WAITS_FOR_CHEAPER
                if is_charge
                else ReasonCode.WAITS_FOR_DEARER
            )
            yield Reason(code, at=self._at(then.first), gain=gain)

    # --- what is known

    def _at(self, index: int) -> datetime:
        return self.power.start + index * self.power.resolution

    def _hours(self, code: ReasonCode, share: tuple[int, int]) -> Reason:
        few, all_of_them = (count * self.power.resolution / _HOUR for count in share)
        return Reason(code, hours=few, horizon_hours=all_of_them)

    def _price(self, run: _Run, prices: Sequence[float | None]) -> float | None:
        return self._mean_price([run], prices)

    @staticmethod
    def _mean_price(
        runs: Iterable[_Run], prices: Sequence[float | None]
    ) -> float | None:
        """Return the mean price of the energy of some runs; None if one is not known."""
        total = cost = 0.0
        for run in runs:
            for index, energy in enumerate(run.energies, run.first):
                price = prices[index]
                if price is None:
                    return None
                total += energy
                cost += energy * price
        return cost / total if total else None

    def _level_at(self, moment: datetime) -> float | None:
        soc = self.plan.soc
        if soc is None or moment > soc.end:
            return None
        if moment == soc.end:
            return soc.values[-1]
        return soc.interpolated_at(moment)

    def _rise(self, run: _Run) -> float | None:
        """Return by how much the state of charge rises meanwhile."""
        before = self._level_at(self._at(run.first))
        after = self._level_at(self._at(run.last))
        return None if before is None or after is None else after - before

    @property
    def _close(self) -> float:
        """How far apart two states of charge are that count as the same."""
        least, most = self.circumstances.least, self.circumstances.most
        levels = [
            level
            for level in (self.plan.soc.values if self.plan.soc else ())
            if level is not None
        ]
        low = least if least is not None else min(levels, default=0.0)
        high = most if most is not None else max(levels, default=0.0)
        return _CLOSE * max(high - low, 0.0)

    def _round_trip(self) -> float | None:
        """Return what comes out of a kWh that goes in, as the plan itself has it.

        None if it does not show that, or what it shows is none: of heat, or with what
        is used meanwhile.
        """
        ratio = 1.0
        for action in (Action.CHARGE, Action.DISCHARGE):
            moved = change = 0.0
            for run in self.runs:
                risen = self._rise(run) if run.action is action else None
                if risen is not None:
                    moved += run.energy
                    change += abs(risen)
            if not moved or not change:
                return None
            ratio *= change / moved if action is Action.CHARGE else moved / change
        return ratio if ratio <= 1 + _CLOSE else None


def _runs(power: Schedule) -> Iterator[_Run]:
    """Return the slots of each action that follow each other; gaps are none."""
    first = 0
    energies = list(power.energies())
    for action, group in groupby(
        energies, lambda energy: None if energy is None else Action.of(energy)
    ):
        run = tuple(group)
        if action is not None:
            known = tuple(energy or 0.0 for energy in run)
            yield _Run(first, first + len(run), action, known)
        first += len(run)


def _known(values: Sequence[float | None], indexes: Iterable[int]) -> list[float]:
    """Return the values at some positions; empty if one is not known."""
    found = [values[index] for index in indexes]
    known = [value for value in found if value is not None]
    return known if len(known) == len(found) else []


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _share(
    prices: Iterable[float | None], limit: float, sign: int
) -> tuple[int, int] | None:
    """Return how many prices are at least as good as a limit, and how many are known.

    Good are high ones, or low ones by a negative `sign`. None if that is nothing special.
    """
    known = [price for price in prices if price is not None]
    good = sum(sign * price >= sign * limit - _SAME_PRICE for price in known)
    return (good, len(known)) if good <= _FEW * len(known) else None
