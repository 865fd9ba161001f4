"""What would be sent of a source, for whoever is about to set it up."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice, pairwise
from typing import Final

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.translation import async_translate_state
from homeassistant.util import dt as dt_util

from ...api.models import Sensor
from ...feeds.bins import Step
from ...feeds.conversion import Conversion, has_direction, measured_conversion
from ...feeds.errors import FeedSourceError
from ...feeds.foreseen.providers import Foreseen, provider_of
from ...feeds.measured.history import async_is_recorded, slot_history
from ...feeds.settings import (
    FeedSettings,
    ForeseenSource,
    MeasuredSource,
    Method,
    TariffSource,
)
from ...local_format import day_and_time
from ...plan.grid import INSTANT_GRID
from ...texts import Texts
from ..fields import FieldError
from ..wording import amount, length
from .shown import BINARY_SENSOR, Shown

_ROWS: Final = 6
# Of someone in front of a form.
_PATIENCE: Final = 8.0

_SENT = {
    Method.MEAN: "feed_sends_mean",
    Method.LEVEL: "feed_sends_level",
    Method.DIFFERENCE: "feed_sends_difference",
    Method.SHARE: "feed_sends_share",
}


def shown_text(hass: HomeAssistant, texts: Texts, state: State, shown: Shown) -> str:
    """Return what an entity shows at the moment."""
    if shown.value is None:
        return texts("feed_shows_nothing", name=state.name)
    value = (
        async_translate_state(
            hass, state.state, BINARY_SENSOR, None, None, shown.device_class
        )
        if shown.domain == BINARY_SENSOR
        else amount(shown.value, shown.unit)
    )
    return texts("feed_shows", name=state.name, value=value)


def sent_text(
    texts: Texts,
    shown: Shown,
    settings: FeedSettings,
    source: MeasuredSource,
    sensor: Sensor,
) -> str:
    """Return what the FlexMeasures sensor gets of it, when and with which sign."""
    made = measured_conversion(
        source.unit,
        sensor,
        source.method,
        invert=settings.invert,
        capacity=settings.capacity,
        temperatures=settings.temperatures,
    )
    unit = sensor.unit
    sentences = [
        texts(
            _SENT[source.method],
            interval=length(sensor.resolution or INSTANT_GRID),
        )
    ]
    if source.method is Method.DIFFERENCE:
        assert isinstance(made, Conversion)
        one = amount(1, source.unit), amount(made.converted(1), unit)
        sentences.append(texts("feed_becomes", value=one[0], sent=one[1]))
    elif shown.value is not None and (sent := made.converted(shown.value)) is not None:
        sentences.append(texts("feed_sends_now", sent=amount(sent, unit)))
    if has_direction(sensor, source.method):
        sentences.append(direction_text(texts, invert=settings.invert))
    return " ".join(sentences)


def direction_text(texts: Texts, *, invert: bool) -> str:
    """Return as what positive values count."""
    return texts(
        "feed_counts_as_production" if invert else "feed_counts_as_consumption"
    )


async def async_history_text(
    hass: HomeAssistant, texts: Texts, source: MeasuredSource, name: str
) -> str:
    """Return since when Home Assistant has recorded it, if it does."""
    if not async_is_recorded(hass, source):
        return texts("feed_not_recorded")
    history = slot_history(hass, source, name=name)
    try:
        oldest = await history.async_oldest()
    except FeedSourceError:
        oldest = None
    finally:
        history.async_close()
    if oldest is None:
        return texts("feed_recorded_from_now")
    return texts("feed_recorded_since", time=day_and_time(oldest))


async def async_foreseen(
    hass: HomeAssistant, source: ForeseenSource | TariffSource, sensor: Sensor
) -> Foreseen:
    """Return what is foreseen; raises FieldError or FeedSourceError."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await provider_of(hass, source, sensor).async_read()
    except TimeoutError:
        raise FieldError("feed_unanswered") from None


def steps_text(texts: Texts, steps: Sequence[Step]) -> str:
    """Return how many values there are, and of which time."""
    known = [at for at, value in steps if value is not None]
    return texts(
        "feed_foreseen",
        count=str(len(known)),
        start=day_and_time(steps[0][0]),
        end=day_and_time(steps[-1][0]),
    )


def steps_table(steps: Sequence[Step], unit: str, made: Conversion) -> str:
    """Return the next values as a table, as the source has them and as they are sent."""
    coming = [*islice(_coming(steps, dt_util.utcnow()), _ROWS)]
    times = [day_and_time(at) for at, _ in coming]
    own = [amount(value, None) for _, value in coming]
    sent = [amount(made.converted(value), None) for _, value in coming]
    if (own, unit) == (sent, made.unit):
        columns = [["", "---", *times], [unit, "---:", *own]]
    else:
        columns = [
            ["", "---", *times],
            [f"Home Assistant ({unit})", "---:", *own],
            [f"FlexMeasures ({made.unit})", "---:", *sent],
        ]
    rows = zip(*columns, strict=True)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _coming(steps: Sequence[Step], now: datetime) -> Iterator[tuple[datetime, float]]:
    """Give the values that hold now or later."""
    for (start, value), (end, _) in pairwise(steps):
        if value is not None and end > now:
            yield start, value
