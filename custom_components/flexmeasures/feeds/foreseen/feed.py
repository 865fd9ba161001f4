"""A feed of what is foreseen: prices and forecasts, each with when it became known."""

from datetime import UTC, datetime, timedelta
from typing import Final, override

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ...api.errors import FlexMeasuresError
from ...api.models import Sensor
from ..bins import whole_bins
from ..conversion import Conversion, conversion, is_price
from ..feed import REFUSALS, Feed, FeedPeers
from ..settings import MeasuredSource, Method
from ..slots import SlotGrid, Slots, async_post_slots, async_read_slots
from .provider import Foreseen, Provider
from .providers import provider_of

# Eight days of 5 minutes are 2,304.
_MOST: Final = 5000

_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)

_REFUSED_WAIT: Final = timedelta(hours=1)

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class ForeseenFeed(Feed):
    """Sends what a provider foresees as soon as that changes, and only what has changed."""

    def __init__(
        self,
        hass: HomeAssistant,
        config_entry: ConfigEntry,
        subentry: ConfigSubentry,
        peers: FeedPeers,
    ) -> None:
        """Start without knowing what the server has."""
        super().__init__(hass, config_entry, subentry, peers)
        source = self.settings.source
        assert not isinstance(source, MeasuredSource)
        self._source = source
        self._provider: Provider | None = None
        self._stored: dict[datetime, float] | None = None
        """What the server has of what is foreseen, by slot; None while that is not known."""
        self._compared_at = _NEVER
        self._waiting = 0
        self._last_prior = _NEVER
        self._wanted_at: datetime | None = None

    @override
    def backlog(self, now: datetime) -> int:
        return self._waiting

    @override
    def _start(self) -> None:
        self._wanted_at = dt_util.utcnow()

    @override
    def _due(self) -> datetime | None:
        return self._wanted_at

    @override
    def _want_all(self) -> None:
        self._stored = None
        self._wanted_at = dt_util.utcnow()

    @callback
    @override
    def async_fail(self, failure: FlexMeasuresError) -> None:
        # What was sent before may not have arrived.
        self._stored = None
        super().async_fail(failure)

    @callback
    def _handle_change(self) -> None:
        self._wanted_at = dt_util.utcnow()
        self._dispatcher.async_go_on()

    @override
    async def _send_some(self, now: datetime) -> bool:
        sensor = await self._sensor()
        if self._provider is None:
            self._provider = provider_of(self._hass, self._source, sensor)
            self.lifetime.async_on_unload(
                self._provider.async_follow(self._handle_change)
            )
        wanted_at = self._wanted_at
        foreseen = await self._provider.async_read()
        convert = conversion(
            foreseen.unit or None,
            sensor,
            Method.MEAN,
            invert=self.settings.invert,
            capacity=self.settings.capacity,
        )
        grid = SlotGrid.of(sensor)
        slots = _slots(foreseen, grid, now, convert, is_price=is_price(sensor.unit))
        if self._stored is None or now - self._compared_at >= _DAY:
            self._stored = await self._read_stored(sensor, slots)
            self._compared_at = now
        stored = self._stored
        changed = slots.other_than([stored.get(each) for each in slots.boundaries[:-1]])
        prior = self._prior(foreseen, now)
        self._waiting = sum(value is not None for value in changed.values)
        try:
            count = await async_post_slots(self._api, sensor, changed, prior=prior)
        except REFUSALS as err:
            self.memory.rejected += 1
            self._wanted_at = now + _REFUSED_WAIT
            self._refuse(err)
            return True
        if count:
            self._last_prior = prior
        self._stored = {
            start: value
            for start, value in zip(slots.boundaries, slots.values, strict=False)
            if value is not None
        }
        self._waiting = 0
        if self._wanted_at == wanted_at:
            self._wanted_at = None
        if self.memory.since is None:
            self.memory.since = next((start for start, _ in slots.known()), None)
        self._note_known(slots, now)
        self._succeed(count)
        return bool(count)

    async def _read_stored(self, sensor: Sensor, slots: Slots) -> dict[datetime, float]:
        """Return what the server has from this login, by slot."""
        source = await self._api.get_own_source()
        if source is None or not slots.values:
            return {}
        values = await async_read_slots(self._api, sensor, slots.boundaries, source)
        return {
            start: value
            for start, value in zip(slots.boundaries, values, strict=False)
            if value is not None
        }

    def _prior(self, foreseen: Foreseen, now: datetime) -> datetime:
        """Return when it became known, in whole seconds, as the server keeps it.

        It stores no other value that became known in the same second.
        """
        known_at: datetime = max(foreseen.known_at, self._last_prior + _SECOND)
        return min(known_at, now).replace(microsecond=0)


def _slots(
    foreseen: Foreseen,
    grid: SlotGrid,
    now: datetime,
    convert: Conversion,
    *,
    is_price: bool,
) -> Slots:
    """Return a value for each whole slot of what is foreseen.

    A forecast is told from when it became known on; a price holds for what has passed of
    its day, too.
    """
    first = foreseen.steps[0][0] if foreseen.steps else now
    start = max(first, now - 2 * _DAY if is_price else min(foreseen.known_at, now))
    bins = whole_bins(
        foreseen.steps, grid.length, grid.time_zone, now=start, most=_MOST
    )
    if not bins:
        return Slots([now], [])
    values = {
        each.start: convert.converted(each.value, each.end - each.start)
        for each in bins
    }
    boundaries = grid.boundaries(bins[0].start, bins[-1].end)
    return Slots(boundaries, [values.get(each) for each in boundaries[:-1]])
