"""The demand: what there is of it, and what is expected."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from ..operation_modes.profile import Profile, Segment, mean, read_profile
from ..operation_modes.ranges import Range


class Demand(NamedTuple):
    """What is to be supplied for a time, and the electric power planned for it (W)."""

    start: datetime
    end: datetime
    rate: float
    power: float


class DemandRate:
    """All that an RM tells of its demand; a shallow copy stays as it is."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._present: tuple[datetime, Range] | None = None
        """The demand, and when the RM told it."""
        self._is_forecast_newer = False
        self._forecast: Profile[float] | None = None
        self._forecast_id: str | None = None
        """Of the message that told it."""

    def take_present(self, body: Mapping[str, Any], now: datetime) -> None:
        """Take over the demand that there is, if a message tells it."""
        if (present := body.get("present_demand_rate")) is not None:
            self._present = (now, Range.from_wire(present))
            self._is_forecast_newer = False

    def take_forecast(
        self, body: Mapping[str, Any], message_id: str, now: datetime
    ) -> None:
        """Take over what is expected; raises InvalidContentError."""
        self._forecast = read_profile(
            body["start_time"],
            body["elements"],
            lambda element: float(element["demand_rate_expected"]),
        ).preceded_by(self._forecast, now)
        self._forecast_id = message_id
        self._is_forecast_newer = True

    def drop_forecast(self, message_id: str) -> bool:
        """Expect nothing any more, if that is what was expected in a message."""
        if message_id != self._forecast_id:
            return False
        self._forecast = self._forecast_id = None
        self._is_forecast_newer = False
        return True

    def mean(self, start: datetime, end: datetime) -> float | None:
        """What is expected in a time; what there is now, where nothing is."""
        expected = mean(self._forecast, start, end) if self._forecast else None
        if expected is None and self._present:
            return self._present[1].high
        return expected

    def in_slots(self, slots: Sequence[Segment[float]]) -> Iterator[Demand]:
        """The demand of each slot with its planned power (W), in parts where it changes.

        Ends where nothing is known.
        """
        changes = self._forecast.boundaries if self._forecast else ()
        present_until = min(self._present_until() or slots[0].start, slots[0].end)
        for slot in slots:
            within = [each for each in changes if slot.start < each < slot.end]
            for start, end in pairwise([slot.start, *within, slot.end]):
                expected = (
                    self._present[1].high
                    if self._present and start < present_until
                    else self.mean(start, end)
                )
                if expected is None:
                    return
                yield Demand(start, end, expected, slot.value)

    def _present_until(self) -> datetime | None:
        """Until when there is what the RM told, whatever was expected; None if not now.

        Until something else is expected: it is told again only where it is measured.
        """
        if self._present is None or self._forecast is None or self._is_forecast_newer:
            return None
        told_at, _ = self._present
        return next(
            (each for each in self._forecast.boundaries if each > told_at), None
        )
