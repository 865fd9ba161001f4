"""What is made of the states that Home Assistant's recorder has."""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.session import Session

from custom_components.flexmeasures.feeds.conversion import SHARE_UNIT
from custom_components.flexmeasures.feeds.entities import (
    async_entity_id,
    async_registry_key,
)
from custom_components.flexmeasures.feeds.errors import FeedSourceError
from custom_components.flexmeasures.feeds.measured import tables
from custom_components.flexmeasures.feeds.measured.history import (
    SlotHistory,
    SlotValues,
    async_is_recorded,
    slot_history,
)
from custom_components.flexmeasures.feeds.settings import MeasuredSource, Method
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import StatesMeta
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance

from .recorder import Recorded, Said

METER = "sensor.meter"
READING = "custom_components.flexmeasures.feeds.measured.recorded"
SWITCH = "binary_sensor.pump"

NOW = datetime(2026, 11, 22, 10, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
FIRST = datetime(2026, 11, 22, 8, tzinfo=UTC)

POWER = {
    "unit_of_measurement": "W",
    "device_class": "power",
    "state_class": "measurement",
}
ENERGY = {
    "unit_of_measurement": "kWh",
    "device_class": "energy",
    "state_class": "total_increasing",
}


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    freezer: FrozenDateTimeFactory, recorder_mock: Recorder
) -> None:
    """Start the recorder before Home Assistant, and let time stand still."""
    freezer.move_to(NOW)


@pytest.fixture
async def recorded(hass: HomeAssistant) -> Recorded:
    """A recorder that has run for days."""
    found = Recorded(hass)
    await found.runs_since(FIRST - timedelta(days=2))
    return found


def at(minutes: float) -> datetime:
    """Give a moment, in minutes after eight."""
    return FIRST + minutes * MINUTE


def said(*states: tuple[float, object] | tuple[float, object, Any]) -> list[Said]:
    """Give states by minutes after eight."""
    return [(at(minutes), *rest) for minutes, *rest in states]


def source(
    method: Method,
    unit: str | None = None,
    *,
    entity: str = METER,
    attribute: str | None = None,
) -> MeasuredSource:
    """Make a source that has to be observed for 80 %."""
    return MeasuredSource(entity, attribute, method, unit, 0.8)


def history(hass: HomeAssistant, *arguments: Any, **settings: Any) -> SlotHistory:
    """Make the history of a source."""
    return slot_history(hass, source(*arguments, **settings), name="My feed")


async def values(
    hass: HomeAssistant,
    *arguments: Any,
    start: float = 0,
    slots: int = 4,
    length: timedelta = QUARTER,
    **settings: Any,
) -> tuple[float | None, ...]:
    """Give the values of slots from a minute after eight on."""
    boundaries = [at(start) + index * length for index in range(slots + 1)]
    found = await history(hass, *arguments, **settings).async_slot_values(boundaries)
    assert found.settled == slots
    return found.values


# --- what states say


async def test_means_in_another_unit(hass: HomeAssistant, recorded: Recorded) -> None:
    """A unit that changes in the middle does no harm, one that does not fit is no value."""
    await recorded.states(
        METER,
        said(
            (-10, 3000),
            (7.5, 1000),
            (15, "unavailable"),
            (17, 2, {"unit_of_measurement": "kW"}),
            (30, "unknown"),
            (36, "nan"),
            (40, 5, {"unit_of_measurement": "V"}),
            (45, 7, {"unit_of_measurement": None}),
            (50, 5, {"unit_of_measurement": ["W"]}),
        ),
        **POWER,
    )
    assert await values(hass, Method.MEAN, "kW") == (2.0, 2.0, None, None)


async def test_levels(hass: HomeAssistant, recorded: Recorded) -> None:
    """The value at the start of a slot, also if it began exactly then."""
    await recorded.states(
        METER,
        said((-60, 68), (15, 77), (20, 50), (44, "unavailable"), (46, 86)),
        unit_of_measurement="°F",
        device_class="temperature",
    )
    found = await values(hass, Method.LEVEL, "°C")
    assert found == pytest.approx((20.0, 25.0, 10.0, None))


async def test_differences_of_temperatures(
    hass: HomeAssistant, recorded: Recorded
) -> None:
    """They are no temperatures, though they have the same unit."""
    await recorded.states(
        METER,
        said((-5, 18)),
        unit_of_measurement="°F",
        device_class="temperature_delta",
    )
    assert await values(hass, Method.LEVEL, "°C", slots=1) == pytest.approx((10.0,))


async def test_shares(hass: HomeAssistant, recorded: Recorded) -> None:
    """Of the time that is known, the part for which it was on."""
    await recorded.states(
        SWITCH,
        said(
            (-3, "off"),
            (10, "on"),
            (20, "idle"),
            (28, "unavailable"),
            (30, ""),
            (45, "on"),
        ),
    )
    found = await values(hass, Method.SHARE, entity=SWITCH)
    assert found == pytest.approx((1 / 3, 5 / 13, None, 1.0))


async def test_on_at_moments(hass: HomeAssistant, recorded: Recorded) -> None:
    """A binary state that is a level is 0 or 1."""
    await recorded.states(
        SWITCH, said((-3, "off"), (10, "on"), (28, "unavailable"), (35, "off"))
    )
    found = await values(hass, Method.LEVEL, SHARE_UNIT, entity=SWITCH)
    assert found == (0, 1, None, 0)


async def test_attributes(hass: HomeAssistant, recorded: Recorded) -> None:
    """Numbers, and texts that are some; in the unit of the source as they are."""
    await recorded.states(
        METER,
        said(
            (-3, "unknown", {"power": 2}),
            (15, "heat", {"power": "3.5"}),
            (30, "heat", {"power": True}),
            (36, "heat", {"power": [1]}),
            (45, "unavailable", {"power": 2}),
            (50, "heat", {"power": None}),
        ),
        unit_of_measurement="°C",
    )
    assert await values(hass, Method.MEAN, "kW", attribute="power") == (
        2,
        3.5,
        None,
        None,
    )
    assert await values(hass, Method.SHARE, attribute="power", slots=3) == (0, 0, 0.4)


async def test_counters(hass: HomeAssistant, recorded: Recorded) -> None:
    """Resets, glitches, and a unit that changes."""
    await recorded.states(
        METER,
        said(
            (-300, 99.5),
            (10, 100),
            (29, 0),
            (31, 101_000, {"unit_of_measurement": "Wh"}),
            (40, 0.25),
            (50, 1),
        ),
        **ENERGY,
    )
    assert await values(hass, Method.DIFFERENCE, "kWh") == (0.5, 0.0, 1.25, 0.75)


async def test_counters_that_tell_resets(
    hass: HomeAssistant, recorded: Recorded
) -> None:
    """A day's energy begins anew at midnight; what is written in another zone is the same."""
    await recorded.states(
        METER,
        said(
            (-30, 7, {"last_reset": "2026-11-22T00:00:00+01:00"}),
            (10, 5, {"last_reset": "2026-11-21T23:00:00+00:00"}),
            (20, 3, {"last_reset": at(16).isoformat()}),
            (40, -4, {"last_reset": at(16).isoformat()}),
            (50, -5, {"last_reset": "nonsense"}),
        ),
        **{**ENERGY, "state_class": "total"},
    )
    assert await values(hass, Method.DIFFERENCE, "kWh") == (-2, 3, -7, -1)


async def test_the_registry_tells_the_state_class(
    hass: HomeAssistant, recorded: Recorded
) -> None:
    """Where a state does not."""
    registry = er.async_get(hass)
    entity = registry.async_get_or_create(
        "sensor",
        "test",
        "1",
        suggested_object_id="meter",
        capabilities={"state_class": "total"},
    )
    await recorded.states(METER, said((-30, 7), (10, 2)), unit_of_measurement="kWh")
    found = await values(hass, Method.DIFFERENCE, "kWh", entity=entity.id, slots=1)
    assert found == (-5,)
    registry.async_update_entity(METER, capabilities=None)
    found = await values(hass, Method.DIFFERENCE, "kWh", entity=entity.id, slots=1)
    assert found == (2,)


async def test_a_glitch_after_a_night(hass: HomeAssistant, recorded: Recorded) -> None:
    """What an inverter showed before it went to sleep tells that its 0 is none."""
    await recorded.states(
        METER,
        said(
            (-900, 12000),
            (-600, "unavailable"),
            (-590, "unknown"),
            (14, 0),
            (16, 12001),
        ),
        **ENERGY,
    )
    found = await values(hass, Method.DIFFERENCE, "kWh", start=15, slots=1)
    assert found == (1,)
    assert await values(hass, Method.DIFFERENCE, "kWh", slots=2) == (None, 1)


async def test_a_fresh_fall_is_not_settled(
    hass: HomeAssistant, recorded: Recorded, freezer: FrozenDateTimeFactory
) -> None:
    """It is known ten minutes later what it was; what shows it may come after the slots."""
    await recorded.states(METER, said((-5, 100), (14, 0)), **ENERGY)
    boundaries = [at(0), at(15)]
    meter = history(hass, Method.DIFFERENCE, "kWh")
    freezer.move_to(at(15))
    assert await meter.async_slot_values(boundaries) == SlotValues((0.0,), 0)
    await recorded.states(METER, said((18, 102)), **ENERGY)
    freezer.move_to(at(19))
    assert await meter.async_slot_values(boundaries) == SlotValues((0.0,), 1)
    assert await meter.async_slot_values([at(15), at(18)]) == SlotValues((2.0,), 1)


# --- when Home Assistant was off


async def test_time_off_is_a_gap(hass: HomeAssistant, recorded: Recorded) -> None:
    """What was shown before says nothing about it, nor about the time until the next state."""
    await recorded.runs((at(-3000), at(-2000)), (at(-1000), at(31)))
    await recorded.runs_since(at(40))
    await recorded.states(METER, said((-10, 3000), (51, 1000)), **POWER)
    assert await values(hass, Method.MEAN, "W", slots=6) == (
        3000,
        3000,
        None,
        None,
        1000,
        1000,
    )
    assert await values(hass, Method.LEVEL, "W", slots=5) == (
        3000,
        3000,
        3000,
        None,
        1000,
    )
    # Read on its own, the state before the gap is the last one before the slot.
    assert await values(
        hass, Method.MEAN, "W", start=40, slots=1, length=5 * MINUTE
    ) == (None,)
    assert await values(hass, Method.LEVEL, "W", start=45, slots=1) == (None,)


async def test_counters_over_time_off(hass: HomeAssistant, recorded: Recorded) -> None:
    """Nothing is spread over what was not seen; a gap within a slot does no harm."""
    await recorded.runs((at(-1000), at(20)), (at(22), at(31)))
    await recorded.runs_since(at(40))
    await recorded.states(
        METER, said((-10, 100), (18, 101), (24, 103), (51, 110), (74, 111)), **ENERGY
    )
    assert await values(hass, Method.DIFFERENCE, "kWh", slots=6) == (
        0,
        3,
        None,
        None,
        1,
        0,
    )


async def test_a_crash(hass: HomeAssistant, recorded: Recorded) -> None:
    """Its run has the start of the next one as its end; the last state is the last known."""
    await recorded.runs((at(-1000), at(45), True), (at(45), at(46), True))
    await recorded.runs_since(at(50))
    await recorded.states(METER, said((-10, 3000), (60, 1000)), **POWER)
    await recorded.states("sensor.other", said((28, 1)))
    assert await values(hass, Method.MEAN, "W", slots=5) == (
        3000,
        3000,
        None,
        None,
        1000,
    )


async def test_a_counter_after_a_crash(hass: HomeAssistant, recorded: Recorded) -> None:
    """The last state before it tells that the first after it is a glitch."""
    await recorded.runs((at(-1000), at(13), True))
    await recorded.runs_since(at(13))
    await recorded.states(
        METER, said((-10, 100), (12, 101), (14, 0), (16, 102)), **ENERGY
    )
    assert await values(hass, Method.DIFFERENCE, "kWh", slots=2) == (1, 1)


async def test_a_run_without_states(hass: HomeAssistant, recorded: Recorded) -> None:
    await recorded.runs((at(-1000), at(45), True))
    await recorded.runs_since(at(45))
    assert await values(hass, Method.MEAN, "W") == (None,) * 4


async def test_a_clock_that_was_set_back(
    hass: HomeAssistant, recorded: Recorded
) -> None:
    """Each moment is of one run."""
    await recorded.runs((at(-1000), at(45)))
    await recorded.runs_since(at(30))
    await recorded.states(METER, said((-10, 3000), (32, 1000)), **POWER)
    assert await values(hass, Method.MEAN, "W") == (3000, 3000, 1000, 1000)


async def test_before_the_first_state(hass: HomeAssistant, recorded: Recorded) -> None:
    await recorded.states(METER, said((20, 10), (40, 11)), **ENERGY)
    assert await values(hass, Method.MEAN, "kWh") == pytest.approx(
        (None, None, 10 + 1 / 3, 11)
    )
    assert await values(hass, Method.LEVEL, "kWh") == (None, None, 10, 11)
    assert await values(hass, Method.DIFFERENCE, "kWh") == (None, None, 1, 0)


async def test_an_entity_that_was_away(hass: HomeAssistant, recorded: Recorded) -> None:
    """A state that was removed is none; what the recorder writes then has no state."""
    await recorded.states(METER, said((-5, 10), (20, None), (40, 12)), **POWER)
    assert await values(hass, Method.LEVEL, "W") == (10, 10, None, 12)


# --- reading


async def test_what_home_assistant_writes(
    hass: HomeAssistant, recorded: Recorded, freezer: FrozenDateTimeFactory
) -> None:
    """What was just told to the recorder is read too."""
    for minutes, state in ((0, 1), (10, 4), (14.9999, 7)):
        freezer.move_to(NOW + minutes * MINUTE)
        hass.states.async_set(METER, str(state), POWER)
    freezer.move_to(NOW + 15 * MINUTE)
    found = await history(hass, Method.MEAN, "W").async_slot_values(
        [NOW, NOW + QUARTER]
    )
    assert found.values == pytest.approx((2.0,), abs=1e-3)


def shaken() -> list[Said]:
    """Give a counter that is read every 20 seconds, glitches, begins anew and is away."""
    rng = Random(3)  # noqa: S311
    states: list[Said] = []
    value = 1000.0
    while len(states) < 2000:
        value += rng.random()
        shown: list[object] = [value]
        match rng.randrange(40):
            case 0:
                shown = ["unavailable"] * rng.randint(1, 60)
            case 1:
                shown = [value * rng.random()] * rng.randint(1, 35)
            case 2:
                value = 0.0
        states += [
            (at(-600 + (len(states) + index) / 3), each)
            for index, each in enumerate(shown)
        ]
    return states


@pytest.mark.parametrize("method", list(Method))
async def test_pieces_do_not_show(
    hass: HomeAssistant, recorded: Recorded, method: Method
) -> None:
    """However much is read at once, the same comes of it."""
    await recorded.states(METER, shaken(), **ENERGY)
    whole = await values(hass, method, "kWh", start=-580, slots=40)
    with (
        patch(f"{READING}._FIRST_PIECE", 700),
        patch(f"{READING}._STATES_AT_ONCE", 40),
    ):
        assert await values(hass, method, "kWh", start=-580, slots=40) == whole
    alone = [
        value
        for index in range(40)
        for value in await values(hass, method, "kWh", start=-580 + 15 * index, slots=1)
    ]
    assert alone == pytest.approx(list(whole))
    assert 0 < whole.count(None) < 30


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-20", 24)]
)
async def test_days_of_23_and_25_hours(
    hass: HomeAssistant,
    recorded: Recorded,
    freezer: FrozenDateTimeFactory,
    day: str,
    hours: int,
) -> None:
    """A counter that counts one each hour; a power that is on for three hours of UTC."""
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Amsterdam"))
    start, end = (
        moment.astimezone(UTC) for moment in (midnight, midnight + timedelta(days=1))
    )
    freezer.move_to(end + HOUR)
    await recorded.runs_since(start - HOUR)
    await recorded.states(
        METER, [(start + hour * HOUR, 100 + hour) for hour in range(30)], **ENERGY
    )
    counted = await history(hass, Method.DIFFERENCE, "kWh").async_slot_values(
        [start, end]
    )
    assert counted.values == (hours,)
    boundaries = [start + hour * HOUR for hour in range(hours + 1)]
    levels = await history(hass, Method.LEVEL, "kWh").async_slot_values(boundaries)
    assert levels.values == tuple(100 + hour for hour in range(hours))
    means = await history(hass, Method.MEAN, "kWh").async_slot_values([start, end])
    assert means.values == pytest.approx((100 + (hours - 1) / 2,))


async def test_oldest(hass: HomeAssistant, recorded: Recorded) -> None:
    meter = history(hass, Method.MEAN, "W")
    assert await meter.async_oldest() is None
    await recorded.states(METER, said((-123, "unavailable"), (5, 1)))
    assert await meter.async_oldest() == at(-123)
    meter.async_close()


async def test_renames(hass: HomeAssistant, recorded: Recorded) -> None:
    """History moves along with the name."""
    registry = er.async_get(hass)
    entity = registry.async_get_or_create(
        "sensor", "test", "1", suggested_object_id="meter"
    )
    assert async_registry_key(hass, METER) == entity.id
    assert async_registry_key(hass, "sensor.other") == "sensor.other"
    await recorded.states(METER, said((-5, 10)), **POWER)
    meter = history(hass, Method.MEAN, "W", entity=entity.id)
    boundaries = [at(0), at(15)]
    assert (await meter.async_slot_values(boundaries)).values == (10,)

    registry.async_update_entity(METER, new_entity_id="sensor.cellar")
    await hass.async_block_till_done()

    assert async_entity_id(hass, entity.id) == "sensor.cellar"
    assert (await meter.async_slot_values(boundaries)).values == (10,)

    registry.async_remove("sensor.cellar")
    with pytest.raises(FeedSourceError) as caught:
        await meter.async_slot_values(boundaries)
    assert caught.value.translation_key == "feed_entity_gone"
    with pytest.raises(FeedSourceError):
        await meter.async_oldest()


async def test_renamed_while_it_is_read(
    hass: HomeAssistant, recorded: Recorded
) -> None:
    """Neither before the recorder moves the history nor in the middle of it."""
    registry = er.async_get(hass)
    entity = registry.async_get_or_create(
        "sensor", "test", "1", suggested_object_id="meter"
    )
    await recorded.states(METER, said((-5, 10)), **POWER)
    boundaries = [at(minutes) for minutes in range(0, 120, 15)]
    wait = get_instance(hass).async_block_till_done
    names = iter(("sensor.cellar", "sensor.attic"))

    async def rename_meanwhile() -> None:
        await wait()
        if name := next(names, None):
            registry.async_update_entity(
                async_entity_id(hass, entity.id) or "", new_entity_id=name
            )

    with patch.object(get_instance(hass), "async_block_till_done", rename_meanwhile):
        found = await history(
            hass, Method.MEAN, "W", entity=entity.id
        ).async_slot_values(boundaries)
    assert set(found.values) == {10}

    begin = tables.kept_as

    def rename_afterwards(session: Session, entity_id: str) -> int:
        kept = begin(session, entity_id)
        session.execute(update(StatesMeta).values(entity_id="sensor.garage"))
        session.commit()
        return kept

    with (
        patch(f"{READING}._FIRST_PIECE", 900),
        patch(f"{READING}.kept_as", rename_afterwards),
    ):
        found = await history(
            hass, Method.LEVEL, "W", entity=entity.id
        ).async_slot_values(boundaries)
    assert set(found.values) == {10}


async def test_states_that_were_forgotten(
    hass: HomeAssistant, recorded: Recorded, freezer: FrozenDateTimeFactory
) -> None:
    """What has not changed for ten days still holds."""
    freezer.move_to(at(-20))
    hass.states.async_set(METER, "7", ENERGY)
    await recorded.forget_states()
    freezer.move_to(NOW)
    assert await values(hass, Method.MEAN, "kWh", start=-15, slots=2) == (7, 7)
    assert await values(hass, Method.DIFFERENCE, "kWh", start=-5, slots=2) == (0, 0)
    assert await values(hass, Method.MEAN, "kWh", start=-60, slots=1) == (None,)
    assert await history(hass, Method.MEAN, "kWh").async_oldest() == at(-20)


async def test_a_state_that_was_not_written_well(
    hass: HomeAssistant, recorded: Recorded
) -> None:
    """It is not in the way of all others."""
    await recorded.states(
        METER, said((-5, 10), (15, 11, {"peak": float("nan")}), (30, 12)), **POWER
    )
    assert await values(hass, Method.LEVEL, "W") == (10, None, 12, 12)


async def test_a_recorder_that_does_not_record(
    hass: HomeAssistant, recorded: Recorded
) -> None:
    """What it does not know may come: nothing is settled."""
    await recorded.states(METER, said((-5, 10)), **POWER)
    await recorded.end_run()
    with pytest.raises(FeedSourceError) as caught:
        await values(hass, Method.MEAN, "W")
    assert caught.value.translation_key == "feed_history_unavailable"


async def test_a_recorder_that_is_busy(hass: HomeAssistant, recorded: Recorded) -> None:
    """It is not waited for forever."""
    with (
        patch(f"{READING}._PATIENCE", 0),
        patch.object(
            get_instance(hass),
            "async_block_till_done",
            side_effect=asyncio.Event().wait,
        ),
        pytest.raises(FeedSourceError) as caught,
    ):
        await values(hass, Method.MEAN, "W")
    assert caught.value.translation_key == "feed_history_unavailable"
    assert caught.value.passes


async def test_a_database_that_fails(hass: HomeAssistant, recorded: Recorded) -> None:
    with (
        patch.object(
            get_instance(hass),
            "get_session",
            side_effect=OperationalError("x", {}, ValueError()),
        ),
        pytest.raises(FeedSourceError) as caught,
    ):
        await values(hass, Method.MEAN, "W")
    assert caught.value.placeholders == {"name": "My feed"}


def test_recorded_is_said(hass: HomeAssistant) -> None:
    assert async_is_recorded(hass, source(Method.MEAN))
