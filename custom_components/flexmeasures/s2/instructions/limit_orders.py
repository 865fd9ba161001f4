"""Limits that a user gives by hand: exactly those, or none at all."""

from collections.abc import Mapping, Sequence

from ..operation_modes.ranges import Range, merged
from .limits import AllowedLimits, Limits, shares, total
from .orders import InvalidOrderError, ManualOrder, listed

# In W; less is no difference.
_NEARLY = 1e-3


def ordered_limits(
    quantities: Mapping[str, AllowedLimits], order: ManualOrder
) -> dict[str, Limits]:
    """The limits of each quantity; raises InvalidOrderError if they are not allowed.

    Phases share them by what each can do. A side without a limit is left as open as it
    can be.
    """
    if order.lower_limit is None and order.upper_limit is None:
        raise InvalidOrderError("s2_limits_required")
    lower = _shared(
        order.lower_limit,
        {quantity: allowed.lower for quantity, allowed in quantities.items()},
        {quantity: allowed.widest.lower for quantity, allowed in quantities.items()},
    )
    upper = _shared(
        order.upper_limit,
        {quantity: allowed.upper for quantity, allowed in quantities.items()},
        {quantity: allowed.widest.upper for quantity, allowed in quantities.items()},
    )
    limits = {quantity: Limits(lower[quantity], upper[quantity]) for quantity in lower}
    if any(each.lower > each.upper for each in limits.values()):
        raise InvalidOrderError(
            "s2_limit_not_allowed",
            limit=limits_text(limits),
            allowed=limits_text(
                {quantity: allowed.widest for quantity, allowed in quantities.items()}
            ),
        )
    return limits


def limits_text(limits: Mapping[str, Limits]) -> str:
    """The limits of all phases together, e.g. ``-4000 … 0 W``."""
    return _text(Range(*total(limits)))


def _shared(
    limit: float | None,
    allowed: Mapping[str, Sequence[Range]],
    widest: Mapping[str, float],
) -> dict[str, float]:
    """A limit of all phases together, divided among them."""
    if limit is None:
        return dict(widest)
    parts = shares(widest)
    totals: list[Range] | None = None
    for quantity, ranges in allowed.items():
        own = _totals(ranges, parts[quantity])
        totals = own if totals is None else _common(totals, own)
    if not any(
        each.low - _NEARLY <= limit <= each.high + _NEARLY for each in totals or ()
    ):
        raise InvalidOrderError(
            "s2_limit_not_allowed",
            limit=f"{_number(limit)} W",
            allowed=listed(map(_text, totals or ())),
        )
    return {
        quantity: _nearest(ranges, limit * parts[quantity])
        for quantity, ranges in allowed.items()
    }


def _totals(ranges: Sequence[Range], share: float) -> list[Range]:
    """The limits of all phases together that leave one phase an allowed limit."""
    if share:
        return merged(Range(each.start / share, each.end / share) for each in ranges)
    is_free = any(each.low <= 0 <= each.high for each in ranges)
    return [Range(float("-inf"), float("inf"))] if is_free else []


def _common(some: Sequence[Range], others: Sequence[Range]) -> list[Range]:
    """What is in both, but for a rounding error."""
    return [
        Range(min(low, high), high)
        for one in some
        for other in others
        for low, high in ((max(one.low, other.low), min(one.high, other.high)),)
        if low <= high + _NEARLY
    ]


def _nearest(ranges: Sequence[Range], value: float) -> float:
    values = (min(max(value, each.low), each.high) for each in ranges)
    return min(values, key=lambda found: abs(found - value))


def _text(values: Range) -> str:
    if values.start == values.end:
        return f"{_number(values.start)} W"
    return f"{_number(values.start)} … {_number(values.end)} W"


def _number(value: float) -> str:
    return f"{round(value, 1) + 0.0:.15g}"
