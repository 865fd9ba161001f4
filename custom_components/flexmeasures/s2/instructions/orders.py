"""What a user tells an RM by hand, before it is checked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

_MOST_LISTED = 20
_NONE = "-"

# The parts of an order that are for some control types only.
MODE_FIELDS = frozenset({"actuator", "operation_mode"})
LIMIT_FIELDS = frozenset({"lower_limit", "upper_limit", "duration"})
SEQUENCE_FIELDS = frozenset({"power_profile", "sequence_container", "power_sequence"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualOrder:
    """A wish, of which each control type looks at the part that concerns it."""

    execution_time: datetime
    """At once, if it is over."""
    abnormal_condition: bool = False
    """Whether what is for abnormal conditions only may be used."""
    actuator: str | None = None
    """An id or a name, as `operation_mode`; needed if there are several."""
    operation_mode: str | None = None
    factor: float = 1.0
    """From 0 to 1."""
    lower_limit: float | None = None
    """Of all phases together, in W, consumption positive; None limits nothing."""
    upper_limit: float | None = None
    duration: timedelta | None = None
    """Of limits; None for as long as a plan without an end."""
    power_profile: str | None = None
    """An id, as the next two; needed if the sequence alone does not tell."""
    sequence_container: str | None = None
    power_sequence: str | None = None

    def beyond(self, fields: frozenset[str]) -> list[str]:
        """What was given that is for other control types than those of some fields."""
        others = (MODE_FIELDS | LIMIT_FIELDS | SEQUENCE_FIELDS) - fields
        return sorted(name for name in others if getattr(self, name) is not None)


class InvalidOrderError(Exception):
    """The RM has not announced that it can do this."""

    def __init__(self, key: str, **placeholders: str) -> None:
        """Keep the key of a translated text, and what it names; units are in there."""
        super().__init__(key)
        self.key = key
        self.placeholders = placeholders


def listed(names: Iterable[str]) -> str:
    """Names in a text: the first of many, and a dash for none."""
    first = list(islice(names, _MOST_LISTED + 1))
    if len(first) > _MOST_LISTED:
        first[_MOST_LISTED] = "…"
    return ", ".join(first) or _NONE
