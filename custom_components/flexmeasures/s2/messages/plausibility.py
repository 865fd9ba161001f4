"""Whether the times and powers of a message can be true."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from .message import InvalidContentError

HIGHEST_POWER: Final = 1_000_000.0
"""In W: what nobody has at home."""

_FARTHEST: Final = timedelta(days=366)

# "Since ever", "never started" and "for ever" are times that lie as far as they like.
_MAY_BE_LONG_AGO: Final = frozenset(
    {"valid_from", "finished_at", "transition_timestamp"}
)
_MAY_BE_FAR_AHEAD: Final = frozenset({"valid_until"})

_ONE_OF_EACH_QUANTITY: Final = frozenset({"values", "power_values"})


def check_plausibility(
    body: Mapping[str, Any], now: datetime, highest_power: float
) -> None:
    """Raise InvalidContentError, naming the field, for a time or a power that cannot be.

    Nor can there be two powers of one quantity. Powers are those of electric quantities,
    in W and of either sign.
    """
    _check(body, now, highest_power, electric=False)


def _check(
    fields: Mapping[str, Any], now: datetime, highest_power: float, *, electric: bool
) -> None:
    if quantity := fields.get("commodity_quantity"):
        electric = quantity.startswith("ELECTRIC.POWER.")
    for key, value in fields.items():
        if isinstance(value, datetime):
            if (value < now - _FARTHEST and key not in _MAY_BE_LONG_AGO) or (
                value > now + _FARTHEST and key not in _MAY_BE_FAR_AHEAD
            ):
                raise InvalidContentError(key)
        elif isinstance(value, float):
            if electric and abs(value) > highest_power:
                raise InvalidContentError(key)
        elif isinstance(value, Mapping):
            _check(value, now, highest_power, electric=electric)
        elif isinstance(value, list):
            if key in _ONE_OF_EACH_QUANTITY:
                quantities = [item["commodity_quantity"] for item in value]
                if len(set(quantities)) < len(quantities):
                    raise InvalidContentError(key)
            for item in value:
                if isinstance(item, Mapping):
                    _check(item, now, highest_power, electric=electric)
