"""The flex-model of a storage that is controlled by its fill rate."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Any

from ..handler import NotPlannableError
from ..operation_modes.capacities import capacities
from ..operation_modes.profile import Profile, Segment, window_slots
from ..operation_modes.ranges import Range
from ..plan import Window
from ..quantities import energy_quantity, event
from .leakage_and_usage import LeakageAndUsage
from .scale import Effects, Scale
from .storage import Leakage

_CHARGING = "charging-efficiency"
_DISCHARGING = "discharging-efficiency"
_ROUNDTRIP = "roundtrip-efficiency"

# The server takes no efficiency of 0 %.
_LEAST_EFFICIENCY = 1e-6


@dataclass(frozen=True, slots=True)
class StorageModel:
    """All that is known of a storage when a schedule is asked for."""

    effects: Effects
    """Of all that its actuators can do."""
    bands: Sequence[Sequence[Range]]
    """The powers (W) that each actuator can have."""
    levels: Range
    level: float
    """When the window begins."""
    leakage: Leakage | None
    usage: Profile[float] | None
    targets: Profile[Range] | None
    is_fuel_cheaper: Sequence[bool]
    """In each slot, whether what is used is had for less without electricity."""
    most_fuel: float
    """The fill rate that can be had so."""

    def flex_model(
        self, window: Window, *, capacity_kwh: float | None
    ) -> dict[str, Any]:
        """Say it in the server's words; raises NotPlannableError."""
        scale = Scale.of(self.effects, self.levels, self.level, capacity_kwh)
        besides = LeakageAndUsage.of(self.leakage, self.usage, window, scale)
        charging = scale.charging_efficiency(self.effects)
        discharging = scale.discharging_efficiency(self.effects)
        start_kwh = scale.kwh(self.level)
        forced_kwh = besides.hours * (
            sum(besides.gain) + self._least_kw() * (charging or 0.0) * len(besides.gain)
        )
        highest_kwh = scale.kwh(max(self.levels.high, self.level)) + forced_kwh
        besides = besides.with_fuel(self.is_fuel_cheaper, scale.kw(self.most_fuel))
        usage = besides.affordable_usage(
            start_kwh,
            highest_kwh,
            [
                0.0 if is_cheaper else self._most_kw() * (charging or 0.0)
                for is_cheaper in self.is_fuel_cheaper
            ],
        )
        if not isfinite(highest_kwh + besides.kept + sum(usage)):
            raise NotPlannableError("s2_no_effect")
        model: dict[str, Any] = {
            "soc-at-start": energy_quantity(start_kwh),
            "soc-min": energy_quantity(0.0),
            "soc-max": energy_quantity(highest_kwh),
            **self._capacities(window),
            **self._soft_limits(window, scale, can_overflow=forced_kwh > 0),
        }
        if charging is not None:
            model[_CHARGING] = _percent(charging)
        if discharging is not None:
            model[_DISCHARGING] = _percent(discharging)
        # What the RM does not tell may be known on the server.
        if self.leakage:
            model["storage-efficiency"] = _percent(max(besides.kept, _LEAST_EFFICIENCY))
        if self.usage or any(usage):
            model["soc-usage"] = [_power_series(usage, window)]
        if any(besides.gain):
            model["soc-gain"] = [_power_series(besides.gain, window)]
        return model

    def _capacities(self, window: Window) -> dict[str, Any]:
        """None for consumption where something else costs less."""
        model = capacities(self.bands)
        if any(self.is_fuel_cheaper):
            most = [
                0.0 if is_cheaper else self._most_kw()
                for is_cheaper in self.is_fuel_cheaper
            ]
            model["consumption-capacity"] = _power_series(most, window)
        return model

    def _least_kw(self) -> float:
        return sum(max(own[0].low, 0.0) for own in self.bands if own) / 1000

    def _most_kw(self) -> float:
        return sum(max(own[-1].high, 0.0) for own in self.bands if own) / 1000

    def _soft_limits(
        self, window: Window, scale: Scale, *, can_overflow: bool
    ) -> dict[str, Any]:
        """What the fill level should be; a schedule is made even if it cannot be.

        The storage's own limits are among them only if it may be beyond them.
        """
        low, high = self.levels
        targets = (
            list(self.targets.between(window.start, window.end)) if self.targets else []
        )
        minima = [
            Segment(target.start, target.end, min(target.value.low, high))
            for target in targets
            if target.value.low > low
        ]
        maxima = [
            Segment(target.start, target.end, max(target.value.high, low))
            for target in targets
            if target.value.high < high
        ]
        if self.level < low:
            minima.append(Segment(window.start, window.end, low))
        if self.level > high or can_overflow:
            maxima.append(Segment(window.start, window.end, high))
        return {
            key: [
                event(
                    segment.start,
                    segment.end,
                    energy_quantity(scale.kwh(segment.value)),
                )
                for segment in _without_overlaps(segments, pick)
            ]
            for key, segments, pick in (
                ("soc-minima", minima, max),
                ("soc-maxima", maxima, min),
            )
            if segments
        }


def beside_stored(
    model: Mapping[str, Any], stored: Mapping[str, Any]
) -> dict[str, Any]:
    """A flex-model that the server takes together with what it has `stored` itself.

    It refuses both efficiencies beside a round trip's, and a stored field cannot be
    taken away, only replaced.
    """
    changed = dict(model)
    if _ROUNDTRIP in stored and {_CHARGING, _DISCHARGING} & changed.keys():
        shares = [
            float(changed.pop(key).removesuffix(" %")) / 100
            for key in (_CHARGING, _DISCHARGING)
            if key in changed
        ]
        # The server takes the root of it for each direction.
        changed[_ROUNDTRIP] = _percent(min(shares[0] * shares[-1], 1.0))
    return changed


def _without_overlaps(
    segments: Sequence[Segment[float]], pick: Callable[[list[float]], float]
) -> list[Segment[float]]:
    """One value at a time; the same ones that follow each other are one."""
    boundaries = sorted({edge for part in segments for edge in (part.start, part.end)})
    found: list[Segment[float]] = []
    for start, end in pairwise(boundaries):
        values = [part.value for part in segments if part.start <= start < part.end]
        if values:
            found.append(Segment(start, end, pick(values)))
    return _joined(found)


def _joined(segments: Iterable[Segment[float]]) -> list[Segment[float]]:
    found: list[Segment[float]] = []
    for segment in segments:
        if found and found[-1][1:] == (segment.start, segment.value):
            found[-1] = found[-1]._replace(end=segment.end)
        else:
            found.append(segment)
    return found


def _power_series(powers: Iterable[float], window: Window) -> list[dict[str, str]]:
    """Powers (kW) of all slots."""
    slots = (
        Segment(start, end, round(power, 6))
        for (start, end), power in zip(window_slots(window), powers, strict=False)
    )
    return [event(part.start, part.end, f"{part.value} kW") for part in _joined(slots)]


def _percent(share: float) -> str:
    return f"{round(share * 100, 9)} %"
