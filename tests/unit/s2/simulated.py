"""A device that does what it is told, and complains when it may not be told so."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from custom_components.flexmeasures.s2.instructions.instruction import Instruction

STEP = timedelta(seconds=10)


def lerp(number_range: Mapping[str, float], factor: float) -> float:
    """Give the value of a number range at a factor."""
    start, end = number_range["start_of_range"], number_range["end_of_range"]
    return start + factor * (end - start)


@dataclass
class SimulatedActuator:
    """Its description, and the operation mode that it is in."""

    description: Mapping[str, Any]
    mode: str
    factor: float = 0.0
    ready: datetime | None = None
    timers: dict[str, datetime] = field(default_factory=dict)

    def instruct(self, mode: str, factor: float, now: datetime) -> None:
        """Change the operation mode, as transitions and timers allow."""
        modes = {each["id"]: each for each in self.description["operation_modes"]}
        assert not modes[mode]["abnormal_condition_only"]
        assert 0 <= factor <= 1
        assert self.ready is None or self.ready <= now, "in the middle of a transition"
        transitions = self.description["transitions"]
        if mode != self.mode and transitions:
            possible = [
                way
                for way in transitions
                if (way["from"], way["to"]) == (self.mode, mode)
                and not way["abnormal_condition_only"]
                and all(
                    self.timers.get(timer, now) <= now
                    for timer in way["blocking_timers"]
                )
            ]
            assert possible, f"no way from {self.mode} to {mode} at {now}"
            durations = {
                timer["id"]: timer["duration"] for timer in self.description["timers"]
            }
            for timer in possible[0]["start_timers"]:
                self.timers[timer] = now + durations[timer]
            self.ready = now + possible[0].get("transition_duration", timedelta(0))
        self.mode, self.factor = mode, factor

    def effect(self, level: float, now: datetime) -> tuple[float, float]:
        """Give the fill rate and the power."""
        if self.ready and self.ready > now:
            return 0.0, 0.0
        (mode,) = (
            each
            for each in self.description["operation_modes"]
            if each["id"] == self.mode
        )
        element = min(
            mode.get("elements", [mode]), key=lambda element: _distance(element, level)
        )
        rate = element.get("fill_rate", {"start_of_range": 0, "end_of_range": 0})
        return lerp(rate, self.factor), sum(
            lerp(power_range, self.factor) for power_range in element["power_ranges"]
        )


def _distance(element: Mapping[str, Any], level: float) -> float:
    if "fill_level_range" not in element:
        return 0.0
    levels: Mapping[str, float] = element["fill_level_range"]
    return max(levels["start_of_range"] - level, level - levels["end_of_range"], 0.0)


@dataclass
class SimulatedDevice:
    """Actuators that fill a storage together."""

    actuators: dict[str, SimulatedActuator]
    level: float = 0.0
    loss: Callable[[datetime, float], float] = lambda _moment, _level: 0.0
    """In fill level per second, at a moment and a fill level."""

    def run(
        self, instructions: Iterable[Instruction], start: datetime, end: datetime
    ) -> list[tuple[datetime, float, float]]:
        """Follow instructions; gives the time, fill level and power (W) of each step."""
        waiting = list(instructions)
        assert waiting == sorted(waiting, key=lambda each: each.execution_time)
        steps = []
        now = start
        while now < end:
            while waiting and waiting[0].execution_time <= now:
                self._execute(waiting.pop(0), now)
            effects = [each.effect(self.level, now) for each in self.actuators.values()]
            power = sum(power for _, power in effects)
            steps.append((now, self.level, power))
            rate = sum(rate for rate, _ in effects) - self.loss(now, self.level)
            self.level += rate * STEP.total_seconds()
            now += STEP
        return steps

    def _execute(self, instruction: Instruction, now: datetime) -> None:
        body = instruction.body
        assert body["abnormal_condition"] is False
        mode = body.get("operation_mode", body.get("operation_mode_id"))
        assert isinstance(mode, str)
        self.actuators[body.get("actuator_id", "")].instruct(
            mode,
            body["operation_mode_factor"],
            max(instruction.execution_time, now - STEP),
        )


def slot_energies(
    steps: Iterable[tuple[datetime, float, float]], start: datetime, slot: timedelta
) -> list[float]:
    """Sum up the power of each slot, in kWh."""
    energies: list[float] = []
    for moment, _, power in steps:
        index = (moment - start) // slot
        energies += [0.0] * (index + 1 - len(energies))
        energies[index] += power / 1000 * (STEP / timedelta(hours=1))
    return energies
