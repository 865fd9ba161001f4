"""Whether what an RM reports is anything new, and whether it matters for a schedule."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final

from ...device.settings import SOC_AT_START
from ...plan.window import Window
from ...s2.messages.message import Message

# Of the highest value of a series: forecasts are no better than that.
_TOLERANCE: Final = 0.05


def content(message: Message, now: datetime) -> Mapping[str, Any]:
    """Return what a message says; what is valid already has no beginning.

    Some RMs say all anew each few seconds, with the time that it is then.
    """
    valid_from = message.body.get("valid_from")
    if valid_from is None or valid_from > now:
        return message.body
    return {key: part for key, part in message.body.items() if key != "valid_from"}


@dataclass(frozen=True, slots=True)
class ReportedModel:
    """A flex-model that was made of what an RM had reported."""

    window: Window
    fields: Mapping[str, Any]

    def differs(self, former: ReportedModel | None) -> bool:
        """Return whether a schedule for a former one is no good for this one.

        Where both tell something: a forecast that reaches a bit further tells nothing
        else of the time before. How full a storage is does not count.
        """
        if (
            former is None
            or former.window.resolution != self.window.resolution
            or former.fields.keys() != self.fields.keys()
        ):
            return True
        # The running slot is what is left of it.
        start = self.window.start + self.window.resolution
        end = min(self.window.end, former.window.end)
        if end - start < self.window.duration / 2:
            return True
        common = Window(start, self.window.resolution, end - start)
        return any(
            _differ(part, former.fields[key], common)
            for key, part in self.fields.items()
            if key != SOC_AT_START
        )


def _differ(one: Any, other: Any, window: Window) -> bool:
    if one == other:
        return False
    if not (_is_series(one) and _is_series(other)):
        return True
    courses = [list(_course(_events(each), window)) for each in (one, other)]
    highest = max(
        (abs(value) for value in chain(*courses) if value is not None), default=0.0
    )
    return any(
        (before is None) != (after is None)
        or abs((before or 0.0) - (after or 0.0)) > _TOLERANCE * highest
        for before, after in zip(*courses, strict=True)
    )


def _is_series(part: Any) -> bool:
    """Return whether a field has values over time, alone or in a list."""
    events = _events(part)
    return isinstance(events, list) and all(isinstance(each, dict) for each in events)


def _events(part: Any) -> Any:
    if isinstance(part, list) and len(part) == 1 and isinstance(part[0], list):
        return part[0]
    return part


def _course(
    events: Sequence[Mapping[str, str]], window: Window
) -> Iterator[float | None]:
    """Return the value of each slot; of a moment, that of the slot that it ends."""
    values: list[float | None] = [None] * (window.duration // window.resolution)
    for event in events:
        if "datetime" in event:
            end = datetime.fromisoformat(event["datetime"])
            start = end - timedelta.resolution
        else:
            start = datetime.fromisoformat(event["start"])
            end = datetime.fromisoformat(event["end"])
        first = (start - window.start) // window.resolution
        last = -((window.start - end) // window.resolution)
        amount = float(event["value"].partition(" ")[0])
        for index in range(max(first, 0), min(last, len(values))):
            values[index] = amount
    yield from values
