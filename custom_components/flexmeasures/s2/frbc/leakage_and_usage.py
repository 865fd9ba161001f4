"""What empties and fills a storage besides its actuators, slot by slot."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Self

from ..operation_modes.profile import Profile
from ..plan import Window
from .scale import Scale
from .storage import Leakage

# The server's numbers are not exact: 99.9 % was too much for it.
_ALMOST_ALL = 0.98


@dataclass(frozen=True, slots=True)
class LeakageAndUsage:
    """Powers in kW by slot, and the share of the energy that is left after a slot."""

    usage: Sequence[float]
    gain: Sequence[float]
    kept: float
    hours: float
    """The length of a slot."""

    @classmethod
    def of(
        cls,
        leakage: Leakage | None,
        usage: Profile[float] | None,
        window: Window,
        scale: Scale,
    ) -> Self:
        """Turn rates of the fill level into powers."""
        constant, slope = leakage.line(scale.empty) if leakage else (0.0, 0.0)
        powers = [scale.kw(rate) for rate in _slot_means(usage, window)]
        return cls(
            [max(0.0, power) + scale.kw(constant) for power in powers],
            [max(0.0, -power) for power in powers],
            exp(-slope * window.resolution.total_seconds()),
            window.resolution.total_seconds() / 3600,
        )

    def with_fuel(self, holds: Sequence[bool], most: float) -> Self:
        """The same where at some slots up to so many kW come from other commodities."""
        return replace(
            self,
            usage=[
                max(usage - most, 0.0) if is_held else usage
                for usage, is_held in zip(self.usage, holds, strict=True)
            ],
        )

    def affordable_usage(
        self, start_kwh: float, highest_kwh: float, charging_kw: Sequence[float]
    ) -> list[float]:
        """The usage that can be met by charging with all power all the time.

        The server makes no schedule at all for a storage that cannot provide all that
        is taken from it.
        """
        kwh = start_kwh
        met: list[float] = []
        for usage, gain, charging in zip(
            self.usage, self.gain, charging_kw, strict=True
        ):
            kwh = kwh * self.kept + (charging * self.kept + gain) * self.hours
            met.append(min(usage, kwh / self.hours * _ALMOST_ALL))
            kwh = min(kwh - met[-1] * self.hours, highest_kwh)
        return met


def _slot_means(profile: Profile[float] | None, window: Window) -> list[float]:
    """The mean of each slot; what the profile does not tell is 0."""
    means = [0.0] * (window.duration // window.resolution)
    for start, end, value in (
        profile.between(window.start, window.end) if profile else ()
    ):
        moment = start
        while moment < end:
            index = (moment - window.start) // window.resolution
            until = min(window.start + (index + 1) * window.resolution, end)
            means[index] += value * ((until - moment) / window.resolution)
            moment = until
    return means
