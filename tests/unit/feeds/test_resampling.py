"""How samples become the values of slots: against what is slow and obvious."""

from collections.abc import Sequence
from itertools import pairwise
from math import inf
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.flexmeasures.feeds.measured.resamplers import (
    RISING,
    Counter,
    Sample,
    SlotValues,
)
from custom_components.flexmeasures.feeds.measured.resampling import resampler_of
from custom_components.flexmeasures.feeds.settings import MeasuredSource, Method

MINUTE = 60
START = 1_790_000_000
"""In whole minutes, everything here."""
NET = Counter(only_rises=False, last_reset=None)


type Shown = tuple[float, float | None]
"""A minute after START, and what is shown from then on."""


def at(minute: float) -> float:
    """Give a moment, in minutes after START."""
    return START + MINUTE * minute


def values_of(
    method: Method,
    shown: Sequence[Shown | tuple[float, float | None, Counter]],
    boundaries: Sequence[float],
    *,
    observed: Sequence[tuple[float, float]] = ((-1000, inf),),
    least_share: float = 0.8,
    until: float | None = None,
) -> SlotValues:
    """Make values of slots; all times are minutes after START."""
    source = MeasuredSource("sensor.x", None, method, "W", least_share)
    slots = resampler_of(
        source,
        [at(minute) for minute in boundaries],
        [(at(start), at(end)) for start, end in observed],
    )
    samples: list[Sample] = [
        (at(item[0]), item[1], item[2] if len(item) == 3 else RISING) for item in shown
    ]
    half = len(samples) // 2
    slots.put(samples[:half])
    slots.put(samples[half:])
    return slots.finish(at(boundaries[-1] + 10 if until is None else until))


def rises(*shown: Any, boundaries: Sequence[float], **settings: Any) -> SlotValues:
    """Make the differences of a counter."""
    return values_of(Method.DIFFERENCE, shown, boundaries, **settings)


# --- the slow and obvious ways, minute by minute


def held(
    samples: Sequence[Any], observed: Sequence[tuple[float, float]], minute: float
) -> float | None:
    """Give what is known to be shown at a minute."""
    for start, end in observed:
        if start <= minute < end:
            inside = [item for item in samples if start <= item[0] <= minute]
            value: float | None = inside[-1][1] if inside else None
            return value
    return None


def slow_means(
    samples: Sequence[Any],
    observed: Sequence[tuple[float, float]],
    boundaries: Sequence[int],
    least_share: float,
) -> list[float | None]:
    values: list[float | None] = []
    for start, end in pairwise(boundaries):
        known = [
            value
            for minute in range(start, end)
            if (value := held(samples, observed, minute)) is not None
        ]
        is_enough = known and len(known) >= least_share * (end - start)
        values.append(sum(known) / len(known) if is_enough else None)
    return values


def slow_differences(
    samples: Sequence[Any],
    observed: Sequence[tuple[float, float]],
    boundaries: Sequence[int],
) -> list[float | None]:
    readings = [
        (minute, value)
        for minute, value in samples
        if value is not None and any(start <= minute < end for start, end in observed)
    ]
    total = 0.0
    totals: list[tuple[float, float]] = []
    index = 0
    last: float | None = None
    while index < len(readings):
        minute, value = readings[index]
        if last is not None and value < last:
            recovered = [
                later
                for later in range(index + 1, len(readings))
                if readings[later][1] >= last and readings[later][0] <= minute + 10
            ]
            if recovered:
                index = recovered[0]
                continue
            total += value if value < 0.9 * last else value - last
        elif last is not None:
            total += value - last
        last = value
        totals.append((minute, total))
        index += 1

    def at_boundary(boundary: int) -> float | None:
        if held(samples, observed, boundary) is None:
            return None
        by_then = [value for minute, value in totals if minute <= boundary]
        return by_then[-1]

    return [
        None
        if (first := at_boundary(start)) is None or (last := at_boundary(end)) is None
        else last - first
        for start, end in pairwise(boundaries)
    ]


def in_order[T](minutes: Sequence[int], values: Sequence[T]) -> list[tuple[int, T]]:
    """Give a value to each of some minutes."""
    return list(zip(sorted(minutes), values, strict=False))


minutes = st.lists(st.integers(-30, 130), min_size=0, max_size=40, unique=True)
shown = st.builds(
    in_order,
    minutes,
    st.lists(st.none() | st.integers(0, 20).map(float), min_size=40, max_size=40),
)
boundaries = st.lists(st.integers(0, 100), min_size=2, max_size=9, unique=True).map(
    sorted
)
ends = st.lists(st.integers(-40, 140), max_size=6, unique=True).map(sorted)
observed = ends.map(
    lambda found: [
        *zip(found[: len(found) // 2 * 2 : 2], found[1::2], strict=True),
        *([(found[-1], inf)] if len(found) % 2 else []),
    ]
)


@settings(deadline=None)
@given(shown, observed, boundaries, st.sampled_from([0.0, 0.5, 0.8, 1.0]))
def test_means(
    shown: list[Shown],
    observed: list[tuple[float, float]],
    boundaries: list[int],
    least_share: float,
) -> None:
    found = values_of(
        Method.MEAN, shown, boundaries, observed=observed, least_share=least_share
    )
    assert list(found.values) == pytest.approx(
        slow_means(shown, observed, boundaries, least_share)
    )
    assert found.settled == len(boundaries) - 1


@settings(deadline=None)
@given(shown, observed, boundaries)
def test_levels(
    shown: list[Shown], observed: list[tuple[float, float]], boundaries: list[int]
) -> None:
    found = values_of(Method.LEVEL, shown, boundaries, observed=observed)
    assert list(found.values) == [
        held(shown, observed, boundary) for boundary in boundaries[:-1]
    ]
    assert found.settled == len(boundaries) - 1


@settings(deadline=None)
@given(shown, observed, boundaries)
def test_differences(
    shown: list[Shown], observed: list[tuple[float, float]], boundaries: list[int]
) -> None:
    found = rises(*shown, boundaries=boundaries, observed=observed, until=200)
    assert list(found.values) == pytest.approx(
        slow_differences(shown, observed, boundaries)
    )
    assert found.settled == len(boundaries) - 1


@settings(deadline=None)
@given(shown, observed, boundaries)
def test_what_is_settled_stays(
    shown: list[Shown], observed: list[tuple[float, float]], boundaries: list[int]
) -> None:
    """What is known later changes nothing of the slots that were settled."""
    end = boundaries[-1]
    by_then = [item for item in shown if item[0] <= end]
    found = rises(*by_then, boundaries=boundaries, observed=observed, until=end)
    later = rises(*shown, boundaries=boundaries, observed=observed, until=200)
    assert found.values[: found.settled] == later.values[: found.settled]


@settings(deadline=None)
@given(shown, observed, boundaries)
def test_parts_make_the_whole(
    shown: list[Shown], observed: list[tuple[float, float]], boundaries: list[int]
) -> None:
    """The difference over slots that are all known is the sum of theirs."""
    parts = rises(*shown, boundaries=boundaries, observed=observed, until=200)
    [whole] = rises(
        *shown, boundaries=[boundaries[0], boundaries[-1]], observed=observed, until=200
    ).values
    if None not in parts.values:
        assert whole == pytest.approx(sum(filter(None, parts.values)))


# --- means


def test_a_mean_is_weighted_with_time() -> None:
    found = values_of(Method.MEAN, [(0, 2000.0), (7.5, 0.0)], [0, 15])
    assert found.values == (1000.0,)


def test_a_value_that_does_not_change_stays_exact() -> None:
    shown = [(minute / 7, 0.1) for minute in range(200)]
    assert values_of(Method.MEAN, shown, [0, 15]).values == (0.1,)


@pytest.mark.parametrize(("known", "expected"), [(11.9, None), (12, 2.0), (15, 2.0)])
def test_a_slot_has_to_be_observed(known: float, expected: float | None) -> None:
    found = values_of(Method.MEAN, [(15 - known, 2.0)], [0, 15])
    assert found.values == (expected,)


def test_the_running_slot_counts_until_now() -> None:
    found = values_of(Method.MEAN, [(0, 2.0)], [0, 15], until=11)
    assert found.values == (None,)


# --- counters


def test_a_counter_rises() -> None:
    found = rises(
        (-7, 100.0), (5, 102.0), (15, 103.0), (20, 110.0), boundaries=[0, 15, 30]
    )
    assert found == SlotValues((3.0, 7.0), 2)


def test_large_readings_stay_exact() -> None:
    found = rises((0, 98765.25), (5, 98765.5), boundaries=[0, 15])
    assert found.values == (0.25,)


@pytest.mark.parametrize(
    ("after", "risen"), [(0.0, 5.0), (85.0, 90.0), (96.0, 1.0), (90.0, -5.0)]
)
def test_a_reset_counts_from_zero_and_a_correction_backwards(
    after: float, risen: float
) -> None:
    """What falls by no more than a tenth was corrected."""
    found = rises(
        (-5, 100.0), (2, after), (12, after + 5), boundaries=[0, 15], until=30
    )
    assert found == SlotValues((risen,), 1)


def test_a_glitch_is_no_reset() -> None:
    """A device that warms up shows 0 until it knows better."""
    found = rises(
        (-5, 12000.0), (14, 0.0), (16, 12001.0), boundaries=[0, 15, 30], until=30
    )
    assert found == SlotValues((0.0, 1.0), 2)


def test_a_glitch_after_a_night() -> None:
    """Also if the device was away before."""
    found = rises(
        (-500, 12000.0),
        (-490, None),
        (14, 0.0),
        (14.5, 20.0),
        (16, 12001.0),
        boundaries=[0, 15, 30],
        until=30,
    )
    assert found.values == (None, 1.0)


@pytest.mark.parametrize(("until", "settled"), [(15, 1), (23.9, 1), (24, 2)])
def test_a_fresh_fall_is_not_settled(until: float, settled: int) -> None:
    """It may be a glitch."""
    shown = (-5, 100.0), (5, 101.0), (14, 0.0)
    found = rises(*shown, boundaries=[0, 10, 15], until=until)
    assert found.values == (1.0, 0.0)
    assert found.settled == settled


def test_a_fall_after_the_slots_leaves_them_settled() -> None:
    found = rises((-5, 100.0), (16, 0.0), boundaries=[0, 15], until=17)
    assert found == SlotValues((0.0,), 1)


def test_a_gap_within_a_slot_does_no_harm() -> None:
    found = rises(
        (-5, 100.0),
        (2, None),
        (9, 103.0),
        boundaries=[0, 15],
        observed=[(-10, 4), (6, inf)],
    )
    assert found.values == (3.0,)


def test_nothing_is_spread_over_a_gap() -> None:
    """Neither over what was not observed nor over what the device did not say."""
    for shown, observed in (
        (((-5, 100.0), (50, 109.0)), [(-10, 20), (40, inf)]),
        (((-5, 100.0), (20, None), (50, 109.0)), [(-10, inf)]),
    ):
        found = rises(*shown, boundaries=[0, 15, 30, 45, 60, 75], observed=observed)
        assert found.values == (0.0, None, None, None, 0.0)


def test_a_negative_reading_of_what_only_rises_is_none() -> None:
    found = rises((-5, 100.0), (5, -1.0), (9, 101.0), boundaries=[0, 7, 15], until=30)
    assert found.values == (None, None)


def test_a_net_meter_goes_both_ways() -> None:
    found = rises(
        (-5, 100.0, NET), (5, 20.0, NET), (20, -30.0, NET), boundaries=[0, 15, 30]
    )
    assert found == SlotValues((-80.0, -50.0), 2)


def test_a_counter_tells_when_it_began_anew() -> None:
    """One that does not say it for a while has not."""
    yesterday, today, silent = (
        Counter(only_rises=False, last_reset=moment) for moment in (1.0, 2.0, None)
    )
    found = rises(
        (-5, 7.0, yesterday),
        (5, 8.0, silent),
        (8, 9.0, yesterday),
        (20, 0.5, today),
        (25, 0.75, today),
        boundaries=[0, 15, 30],
    )
    assert found.values == (2.0, 0.75)


@pytest.mark.parametrize("method", list(Method))
def test_without_samples(method: Method) -> None:
    found = values_of(method, [], [0, 15, 30], observed=[])
    assert found == SlotValues((None, None), 2)


def test_a_counter_that_falls_all_the_time() -> None:
    """What is no counter takes no longer than any other."""
    shown = [(second / 60, 1e6 - second) for second in range(20000)]
    found = rises(*shown, boundaries=[0, 60], until=400)
    assert found.values == (-3600.0,)
