"""The powers that actuators can have together, and what lies in between."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from .actuators import Actuator
from .ranges import ZERO, Range, merged

# In W; less is no difference.
_TOLERANCE = 1.0

# More of them, as of ten actuators with ten operation modes each, are not told apart.
_MOST_BANDS = 1000


def gaps_around(
    wanted: float, actuators: Iterable[Actuator], level: float
) -> Sequence[Range]:
    """What lies between the powers (W) that all can have together, if `wanted` does.

    None of them does the opposite of what is wanted of all.
    """
    bands = [ZERO]
    for actuator in actuators:
        powers = (
            towards(element.power, wanted) for element in actuator.elements_at(level)
        )
        own = merged(powers) or [ZERO]
        if len(bands) * len(own) > _MOST_BANDS:
            own = [Range(own[0].low, own[-1].high)]
        bands = merged(
            Range(one.low + other.low, one.high + other.high)
            for one in bands
            for other in own
        )
    gaps = [Range(low.high, high.low) for low, high in pairwise(bands)]
    if any(gap.low + _TOLERANCE < wanted < gap.high - _TOLERANCE for gap in gaps):
        return gaps
    return ()


def kept_within(missing: float, gaps: Iterable[Range], seconds: float) -> float:
    """The energy (Ws) to carry over to the next slot.

    A device that cannot change now is not made to catch up for ever.
    """
    most = max(gap.high - gap.low for gap in gaps) * seconds
    return min(max(missing, -most), most)


def towards(powers: Range, wanted: float) -> Range:
    """Those powers that do not do the opposite of what is wanted; else the nearest one."""
    if wanted >= 0:
        return Range(max(powers.low, min(0.0, powers.high)), powers.high)
    return Range(powers.low, min(powers.high, max(0.0, powers.low)))
