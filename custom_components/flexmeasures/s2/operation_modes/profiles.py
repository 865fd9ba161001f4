"""Profiles of power and the like, as messages have them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ..plan import Plan
from .ranges import ELECTRIC_POWER, SYMMETRIC
from .validity import Profile, Segment


def read_profile(
    start: datetime,
    elements: Sequence[Mapping[str, Any]],
    value: Callable[[Mapping[str, Any]], float],
) -> Profile[float]:
    """Line up elements that have a ``duration``; `value` reads the rest of one.

    Raises InvalidContentError if they last longer than anyone plans.
    """
    return Profile.from_elements(
        start, ((element["duration"], value(element)) for element in elements)
    )


def mean(profile: Profile[float], start: datetime, end: datetime) -> float | None:
    """The mean of the part of a period for which there are values; None if of none."""
    parts = list(profile.between(start, end))
    known = sum((part.end - part.start for part in parts), timedelta(0))
    if not known:
        return None
    return sum(part.value * ((part.end - part.start) / known) for part in parts)


def total_power(values: Iterable[Mapping[str, Any]], key: str) -> float | None:
    """The electric power of all phases together, in W; None if none is among the values.

    The symmetric quantity is already the sum of three phases.
    """
    electric = {
        value["commodity_quantity"]: value[key]
        for value in values
        if value["commodity_quantity"].startswith(ELECTRIC_POWER)
    }
    if SYMMETRIC in electric:
        return float(electric[SYMMETRIC])
    return float(sum(electric.values())) if electric else None


def known_slots(plan: Plan, now: datetime) -> Iterator[Segment[float]]:
    """The planned power, in W, from now on: up to the first slot without one.

    A plan that begins later has its first slot then; the running slot begins now, at
    a full second.
    """
    schedule = plan.power
    if schedule is None:
        return
    start = max(now.replace(microsecond=0), schedule.start)
    for power in schedule.values[schedule.index_at(start) :]:
        if power is None:
            return
        end = schedule.slot_start(start) + schedule.resolution
        yield Segment(start, end, power * 1000)
        start = end
