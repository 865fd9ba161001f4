"""How the samples of a source become the values of slots."""

from collections.abc import Iterable, Sequence

from ..settings import MeasuredSource, Method
from .counters import DifferenceSlots
from .slots import LevelSlots, MeanSlots, Period, Slots


def slots_of(
    source: MeasuredSource, boundaries: Sequence[float], observed: Iterable[Period]
) -> Slots:
    """Return what makes values of slots by the method of a source.

    The boundaries and periods are as `Slots` takes them.
    """
    match source.method:
        case Method.LEVEL:
            return LevelSlots(boundaries, observed)
        case Method.DIFFERENCE:
            return DifferenceSlots(boundaries, observed)
        case _:
            return MeanSlots(boundaries, observed, least_share=source.least_share)
