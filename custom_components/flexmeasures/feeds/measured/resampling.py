"""How the samples of a source become the values of slots."""

from collections.abc import Iterable, Sequence

from ..settings import MeasuredSource, Method
from .counters import DifferenceResampler
from .resamplers import LevelResampler, MeanResampler, Period, Resampler


def resampler_of(
    source: MeasuredSource, boundaries: Sequence[float], observed: Iterable[Period]
) -> Resampler:
    """Return what makes values of slots by the method of a source.

    The boundaries and periods are as `Resampler` takes them.
    """
    match source.method:
        case Method.LEVEL:
            return LevelResampler(boundaries, observed)
        case Method.DIFFERENCE:
            return DifferenceResampler(boundaries, observed)
        case _:
            return MeanResampler(boundaries, observed, least_share=source.least_share)
