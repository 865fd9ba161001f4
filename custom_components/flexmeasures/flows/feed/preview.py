"""What would be sent of a source, for whoever is about to set it up."""

from homeassistant.core import HomeAssistant, State

from ...api.models import Sensor
from ...feeds.conversion import conversion, has_direction
from ...feeds.errors import FeedSourceError
from ...feeds.measured.history import async_is_recorded, slot_history
from ...feeds.settings import FeedSettings, MeasuredSource, Method
from ...plan.grid import INSTANT_GRID
from .shown import BINARY_SENSOR, Shown
from .texts import Texts, amount, length, moment

_SENT = {
    Method.MEAN: "feed_sends_mean",
    Method.LEVEL: "feed_sends_level",
    Method.DIFFERENCE: "feed_sends_difference",
    Method.SHARE: "feed_sends_share",
}


def shown_text(texts: Texts, state: State, shown: Shown) -> str:
    """Return what an entity shows at the moment."""
    if shown.value is None:
        return texts("feed_shows_nothing", name=state.name)
    value = (
        state.state
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
    made = conversion(
        source.unit,
        sensor,
        source.method,
        invert=settings.invert,
        capacity=settings.capacity,
    )
    unit = sensor.unit
    sentences = [
        texts(
            _SENT[source.method],
            interval=length(sensor.resolution or INSTANT_GRID),
        )
    ]
    if source.method is Method.DIFFERENCE:
        one = amount(1, source.unit), amount(made.converted(1), unit)
        sentences.append(texts("feed_becomes", value=one[0], sent=one[1]))
    elif shown.value is not None:
        sent = amount(made.converted(shown.value), unit)
        sentences.append(texts("feed_sends_now", sent=sent))
    if has_direction(sensor, source.method):
        key = "production" if settings.invert else "consumption"
        sentences.append(texts(f"feed_counts_as_{key}"))
    return " ".join(sentences)


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
    return texts("feed_recorded_since", time=moment(oldest))
