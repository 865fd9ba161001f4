"""What is known of entities that the recorder leaves out: what was seen since."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.flexmeasures.feeds.errors import FeedSourceError
from custom_components.flexmeasures.feeds.measured.history import (
    SlotHistory,
    async_is_recorded,
    async_long_term_values,
    slot_history,
)
from custom_components.flexmeasures.feeds.settings import MeasuredSource, Method
from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import StateInfo

from .recorder import Recorded

METER = "sensor.meter"
START = datetime(2026, 11, 22, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
POWER = {"unit_of_measurement": "kW", "device_class": "power"}


class Log:
    """The history of a source, in a home without a recorder or with one."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
        """Start at `START`."""
        self.hass = hass
        self._freezer = freezer
        self.history: SlotHistory
        freezer.move_to(START)

    def begin(self, method: Method = Method.MEAN, **settings: Any) -> None:
        """Begin to look at the meter."""
        source = MeasuredSource(
            **{
                "entity": METER,
                "attribute": None,
                "method": method,
                "unit": "W",
                "least_share": 0.8,
                **settings,
            }
        )
        self.history = slot_history(self.hass, source, name="My feed")

    async def show(
        self, minutes: float, state: object, entity_id: str = METER, **attributes: Any
    ) -> None:
        """Show a state from some minutes after the start on; None: remove it."""
        self._freezer.move_to(START + minutes * MINUTE)
        if state is None:
            self.hass.states.async_remove(entity_id)
        else:
            self.hass.states.async_set(entity_id, str(state), {**POWER, **attributes})
        await self.hass.async_block_till_done()

    async def values(self, slots: int = 2) -> tuple[float | None, ...]:
        """Give what is known of the first slots when they have ended."""
        boundaries = [START + index * QUARTER for index in range(slots + 1)]
        self._freezer.move_to(boundaries[-1])
        return (await self.history.async_slot_values(boundaries)).values


@pytest.fixture
def log(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Log:
    """Nothing is looked at yet."""
    return Log(hass, freezer)


async def test_without_a_recorder(hass: HomeAssistant, log: Log) -> None:
    """What is shown at first holds from then on; states are converted as ever."""
    await log.show(0, 2)
    log.begin()
    assert await log.history.async_oldest() == START
    await log.show(5, 2, colour="green")
    await log.show(7.5, 1)
    await log.show(20, "unavailable")
    await log.show(23, None)
    await log.show(24, 3)
    await log.show(35, 4)
    assert await log.values(3) == pytest.approx((1500, None, 3000 + 1000 * 2 / 3))
    source = MeasuredSource(METER, None, Method.MEAN, "W", 0.8)
    assert not async_is_recorded(hass, source)
    assert await async_long_term_values(hass, source, [START, START + QUARTER]) == (
        None,
    )
    log.history.async_close()
    await log.show(46, 100)
    assert (await log.values(4))[3] == 4000


@pytest.mark.parametrize(
    ("method", "expected"), [(Method.LEVEL, (2000, 4000)), (Method.DIFFERENCE, (2, 3))]
)
async def test_other_methods(
    log: Log, method: Method, expected: tuple[float, ...]
) -> None:
    await log.show(0, 2)
    log.begin(method, unit="kW" if method is Method.DIFFERENCE else "W")
    await log.show(10, 4)
    await log.show(20, 7)
    assert await log.values() == expected
    log.history.async_close()


async def test_before_it_was_looked_at(log: Log) -> None:
    """Nothing is known of it, nor before there is an entity."""
    await log.show(16, 1)
    log.begin()
    await log.show(17, 2)
    assert await log.values(3) == pytest.approx((None, 2000 - 1000 / 14, 2000))
    log.history.async_close()
    log.begin(entity="sensor.none")
    assert await log.values() == (None, None)
    log.history.async_close()


async def test_memory_is_flat(log: Log) -> None:
    """What is too old is forgotten, and then not known."""
    with patch("custom_components.flexmeasures.feeds.measured.live_log._SAMPLES", 40):
        log.begin()
    for step in range(90):
        await log.show(step / 2, step)
    assert await log.values(3) == pytest.approx((None, None, 74500))
    assert await log.history.async_oldest() == START + 25 * MINUTE
    log.history.async_close()


async def test_renames(hass: HomeAssistant, log: Log) -> None:
    """The entity is looked at by its new name; one that is removed is gone."""
    registry = er.async_get(hass)
    entity = registry.async_get_or_create(
        "sensor", "test", "1", suggested_object_id="meter"
    )
    other = registry.async_get_or_create("sensor", "test", "2")
    await log.show(0, 1)
    log.begin(entity=entity.id)
    registry.async_update_entity(METER, name="Meter")
    registry.async_update_entity(other.entity_id, new_entity_id="sensor.other")
    await log.show(3, None)
    registry.async_update_entity(METER, new_entity_id="sensor.cellar")
    await log.show(4.5, 2, "sensor.cellar")
    await log.show(5, 8)
    assert await log.values() == pytest.approx(((3 + 2 * 10.5) / 13.5 * 1000, 2000))

    registry.async_remove("sensor.cellar")
    with pytest.raises(FeedSourceError) as caught:
        await log.values()
    assert caught.value.translation_key == "feed_entity_gone"
    log.history.async_close()
    log.begin(entity=entity.id)
    with pytest.raises(FeedSourceError):
        await log.values()
    log.history.async_close()


class TestWithRecorder:
    """In homes with a recorder."""

    @pytest.fixture(autouse=True)
    def auto_enable_custom_integrations(self, recorder_mock: Recorder) -> None:
        """Start the recorder before Home Assistant."""

    @pytest.mark.parametrize("recorder_config", [{"exclude": {"entities": [METER]}}])
    async def test_an_entity_that_is_left_out(self, log: Log) -> None:
        """It is looked at from now on."""
        await log.show(0, 2)
        log.begin()
        await log.show(20, 1)
        assert await log.values() == pytest.approx((2000, 4000 / 3))
        log.history.async_close()

    async def test_an_entity_that_is_gone(self, log: Log) -> None:
        """The recorder is not asked."""
        log.begin(entity="0" * 32)
        with pytest.raises(FeedSourceError):
            await log.values()
        log.history.async_close()

    @pytest.mark.parametrize("left_out", [{"power"}, {"*"}, {"other"}])
    async def test_an_attribute(
        self, hass: HomeAssistant, log: Log, left_out: set[str]
    ) -> None:
        """Only its entity tells that the recorder leaves it out, when it is there."""
        await Recorded(hass).runs_since(START)
        source = MeasuredSource(METER, "power", Method.MEAN, "W", 0.8)
        log.begin(attribute="power")
        assert async_is_recorded(hass, source)
        assert await log.history.async_oldest() is None
        info = StateInfo(unrecorded_attributes=frozenset(left_out))
        hass.states.async_set(METER, "on", {"power": 3}, state_info=info)
        assert async_is_recorded(hass, source) == (left_out == {"other"})
        # What the recorder has just begun to write it does not say to be pending.
        await async_wait_recording_done(hass)
        assert await log.values() == (3, 3)
        assert await log.history.async_oldest() == START
        log.history.async_close()
