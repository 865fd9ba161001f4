"""What a ``PPBC.PowerProfileDefinition`` says, and how far its sequences are."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

from ..instructions.instruction import Instruction
from ..instructions.sequence_orders import StartableSequence
from ..messages.message import InvalidContentError, SequenceStatus
from ..operation_modes.ranges import total_power
from ..times import to_ms
from .start_times import PowerSequence, Start

_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class ContainerStatus:
    """What the RM has said about a container."""

    status: SequenceStatus
    end: int
    """When the sequence ends, or has ended, as far as can be told (ms)."""


@dataclass(frozen=True, slots=True)
class PowerProfile:
    """A power profile: containers in order, of each of which one sequence is to run."""

    id: str
    start: datetime
    end: datetime
    containers: Mapping[str, Mapping[str, PowerSequence]]
    progress: Mapping[str, ContainerStatus] = field(default_factory=dict)
    chosen: Mapping[str, Start] = field(default_factory=dict)
    """What the RM was last told."""

    @classmethod
    def from_wire(cls, body: Mapping[str, Any]) -> Self:
        """Read a message's body; raises InvalidContentError."""
        containers = {
            container["id"]: {
                sequence["id"]: _sequence(sequence)
                for sequence in container["power_sequences"]
            }
            for container in body["power_sequences_containers"]
        }
        if len(containers) < len(body["power_sequences_containers"]):
            raise InvalidContentError("two containers of one id")
        if body["end_time"] <= body["start_time"]:
            raise InvalidContentError("a power profile that ends before it starts")
        return cls(body["id"], body["start_time"], body["end_time"], containers)

    def continuing(self, former: PowerProfile) -> Self:
        """The same, as far as it was when it was defined before."""
        return replace(
            self,
            progress=_of(former.progress, self.containers),
            chosen=_of(former.chosen, self.containers),
        )

    def check(self, status: Mapping[str, Any]) -> None:
        """Raise InvalidContentError if a status is about an unknown container."""
        if status["sequence_container_id"] not in self.containers:
            raise InvalidContentError("an unknown container")

    def reported(self, statuses: Iterable[Mapping[str, Any]], now: datetime) -> Self:
        """The same after the RM has told how far its containers are."""
        progress, chosen = dict(self.progress), dict(self.chosen)
        for status in statuses:
            container = status["sequence_container_id"]
            state = SequenceStatus(status["status"])
            before = progress.get(container)
            if before and before.status is state is SequenceStatus.FINISHED:
                continue
            if state is SequenceStatus.NOT_SCHEDULED:
                chosen.pop(container, None)
            end = to_ms(now)
            selected = status.get("selected_sequence_id", "")
            sequence = self.containers[container].get(selected)
            if sequence and state is not SequenceStatus.FINISHED:
                done = status.get("progress", timedelta(0)) // _MS
                end += max(sequence.duration - done, 0)
            progress[container] = ContainerStatus(state, end)
        return replace(self, progress=progress, chosen=chosen)

    def told(self, instruction: Instruction) -> Self:
        """The same once the RM was told to start one of its sequences."""
        container = instruction.body["sequence_container_id"]
        sequence = self.containers.get(container, {}).get(
            instruction.body["power_sequence_id"]
        )
        if sequence is None:
            return self
        start = Start(sequence, to_ms(instruction.execution_time))
        return replace(self, chosen={**self.chosen, container: start})

    def refused(self, instruction: Instruction) -> Self:
        """The same once the RM has refused to start a sequence."""
        container = instruction.body["sequence_container_id"]
        chosen = {key: start for key, start in self.chosen.items() if key != container}
        return replace(self, chosen=chosen)

    def startable(self, now: int) -> Iterator[StartableSequence]:
        """What can be started, and when, so that all that follows fits in too."""
        after, pending = self.rest(now)
        shortest = [
            min(each.duration for each in self.containers[container].values())
            for container in pending
        ]
        for place, container in enumerate(pending):
            first = max(to_ms(self.start), now, after or 0) + sum(shortest[:place])
            latest_end = to_ms(self.end) - sum(shortest[place + 1 :])
            for sequence in self.containers[container].values():
                last = latest_end - sequence.duration
                pause = sequence.most_pause
                if place == 0 and after is not None and pause is not None:
                    last = min(last, max(after, now) + pause)
                yield StartableSequence(
                    self.id,
                    container,
                    sequence.id,
                    sequence.is_normal,
                    first,
                    last,
                )

    def rest(self, now: int) -> tuple[int | None, list[str]]:
        """When the sequence that runs will end, and the containers to follow it."""
        after: int | None = None
        pending: list[str] = []
        for container in self.containers:
            progress = self.progress.get(container)
            if progress and progress.status is SequenceStatus.ABORTED:
                return None, []
            if progress and not progress.status.is_open:
                running = progress.status is not SequenceStatus.FINISHED
                after = max(progress.end, now) if running else progress.end
                pending = []
            elif (start := self.chosen.get(container)) and start.time <= now:
                # It is about to begin, even if the RM has not said so yet.
                after = start.time + start.sequence.duration
                pending = []
            else:
                pending.append(container)
        return after, pending


def _of[T](parts: Mapping[str, T], keys: Container[str]) -> dict[str, T]:
    return {key: part for key, part in parts.items() if key in keys}


def _sequence(body: Mapping[str, Any]) -> PowerSequence:
    pause = body.get("max_pause_before")
    return PowerSequence(
        body["id"],
        tuple(
            (
                element["duration"] // _MS,
                total_power(element["power_values"], "value_expected") or 0.0,
            )
            for element in body["elements"]
        ),
        None if pause is None else pause // _MS,
        is_normal=not body["abnormal_condition_only"],
    )
