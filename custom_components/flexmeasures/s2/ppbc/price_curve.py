"""What a power costs over a time: many questions to the same prices."""

from itertools import accumulate

from ..plan import Price
from ..times import to_ms

_MS_PER_HOUR = 3_600_000


class PriceCurve:
    """Prices, summed up beforehand; times are those of `to_ms`."""

    def __init__(self, price: Price) -> None:
        """Sum them up."""
        self._fixed = price.fixed
        self._values: tuple[float, ...] = ()
        self.end: int | None = None
        """From when on no price is known; None if there always is one."""
        if (series := price.series) is None:
            return
        self._start = to_ms(series.start)
        self._step = round(series.resolution.total_seconds() * 1000)
        self.end = to_ms(series.end)
        self._values = tuple(value or 0.0 for value in series.values)
        self._sums = [0.0, *accumulate(self._values)]
        self._unknown = [0, *accumulate(value is None for value in series.values)]

    def cost(self, watts: float, start: int, end: int) -> float | None:
        """What a constant power costs in a time; None if a price is not known."""
        kwh_per_ms = watts / 1000 / _MS_PER_HOUR
        if self.end is None:
            return (self._fixed or 0.0) * kwh_per_ms * (end - start)
        if start < self._start or end > self.end:
            return None
        first, last = (
            (start - self._start) // self._step,
            -((self._start - end) // self._step),
        )
        if self._unknown[last] > self._unknown[first]:
            return None
        return (self._sum(end) - self._sum(start)) * kwh_per_ms

    def _sum(self, moment: int) -> float:
        slots, rest = divmod(moment - self._start, self._step)
        partial = self._values[slots] * rest if rest else 0.0
        return self._sums[slots] * self._step + partial
