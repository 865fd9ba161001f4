"""Numbers as servers, entities and people tell them."""

from typing import Final

# No amount at home is greater, and none below it is lost when its unit is converted.
_GREATEST: Final = 1e15


def believable(number: float) -> bool:
    """Return whether it is a number that can be: neither NaN nor endless."""
    # NaN is not below anything.
    return abs(number) < _GREATEST


def number_in(text: str) -> float | None:
    """Read a number that can be; None for any other text."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if believable(number) else None
