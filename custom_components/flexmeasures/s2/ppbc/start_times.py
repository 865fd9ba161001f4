"""When power sequences that follow each other are best started. Times are ms."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from typing import NamedTuple

_GRID = 5 * 60 * 1000
# What keeps the search to a fraction of a second, whatever an RM sends.
_MOST_STEPS = 40_000


@dataclass(frozen=True, slots=True)
class PowerSequence:
    """A power that changes over time, in a way that cannot be changed."""

    id: str
    elements: tuple[tuple[int, float], ...]
    """Durations and powers (W)."""
    most_pause: int | None
    """How long the device may wait before it, after the sequence before; None: for ever."""
    is_normal: bool = True
    """Whether it is not for abnormal conditions only."""

    duration: int = field(init=False)
    """From its start to its end."""

    def __post_init__(self) -> None:
        """Sum it up once."""
        duration = sum(duration for duration, _ in self.elements)
        object.__setattr__(self, "duration", duration)


class Start(NamedTuple):
    """A sequence that was chosen, and when it starts."""

    sequence: PowerSequence
    time: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the starts have to keep to."""

    earliest: int
    """When the first may start."""
    latest_end: int
    """When the last has to be finished."""
    after: int | None = None
    """When the sequence before them ends, if there is one."""


class _State(NamedTuple):
    """One way to have started some sequences."""

    cost: float
    end: int
    last: Start | None = None
    before: _State | None = None


type Cost = Callable[[PowerSequence, int], float | None]


def best_starts(
    alternatives: Sequence[Sequence[PowerSequence]], bounds: Bounds, cost: Cost
) -> list[Start] | None:
    """One start for each list of alternatives, at the lowest cost; None if there is no way.

    They start every five minutes (less often in a search that would take too long), or
    right after each other. `cost` gives None for a start that is out of question. Of
    what costs the same, the earliest is taken.
    """
    steps = sum(len(each.elements) for choices in alternatives for each in choices)
    grid = _GRID
    while (bounds.latest_end - bounds.earliest) // grid * steps > _MOST_STEPS:
        grid *= 2
    shortest = [min(each.duration for each in choices) for choices in alternatives]
    states = [_State(0.0, bounds.earliest if bounds.after is None else bounds.after)]
    for number, choices in enumerate(alternatives):
        latest_end = bounds.latest_end - sum(shortest[number + 1 :])
        is_free = number == 0 and bounds.after is None
        found: dict[int, _State] = {}
        for sequence in choices:
            pause = None if is_free else sequence.most_pause
            for time, before in _starts(
                states, bounds.earliest, latest_end - sequence.duration, pause, grid
            ):
                price = cost(sequence, time)
                if price is None:
                    continue
                # Rounded, so that what costs the same is seen to.
                total = round(before.cost + price, 9)
                end = time + sequence.duration
                if end not in found or total < found[end].cost:
                    found[end] = _State(total, end, Start(sequence, time), before)
        states = sorted(found.values(), key=lambda state: state.end)
        if len(states) * steps > _MOST_STEPS:
            states = _thinned(states, grid)
    if not states:
        return None
    return _path(min(states, key=lambda state: (state.cost, state.end)))


def _starts(
    states: Sequence[_State], earliest: int, latest: int, pause: int | None, grid: int
) -> Iterator[tuple[int, _State]]:
    """The times to start at, each with the cheapest state to do so after.

    `states` are in order of their ends.
    """
    if not states:
        return
    first = max(states[0].end, earliest)
    at_once = (max(state.end, earliest) for state in states)
    times = merge(at_once, range(-(-first // grid) * grid, latest + 1, grid))
    waiting: deque[_State] = deque()
    upcoming = deque(states)
    before = None
    for time in times:
        if time > latest:
            return
        if time == before:
            continue
        before = time
        while upcoming and upcoming[0].end <= time:
            state = upcoming.popleft()
            while waiting and waiting[-1].cost > state.cost:
                waiting.pop()
            waiting.append(state)
        while pause is not None and waiting and waiting[0].end < time - pause:
            waiting.popleft()
        if waiting:
            yield time, waiting[0]


def _thinned(states: Sequence[_State], grid: int) -> list[_State]:
    """The first, and the cheapest of those that end at about the same time."""
    kept = {0: states[0]}
    for state in states[1:]:
        part = state.end // grid
        if part not in kept or state.cost < kept[part].cost:
            kept[part] = state
    return list(kept.values())


def _path(state: _State | None) -> list[Start]:
    starts: list[Start] = []
    while state and state.last:
        starts.append(state.last)
        state = state.before
    return starts[::-1]
