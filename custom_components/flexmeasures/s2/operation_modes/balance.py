"""How far a device is behind the energy of its plan, or ahead of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from ..messages.message import InvalidContentError
from ..plan import Plan, Series
from .actuators import Actuator
from .bands import gaps_around, kept_within
from .expected_actuator import Command
from .transitions import ModeState

# More are not waited for at a time, however far ahead an RM wants to be told.
_MOST_ORDERS = 500

type ActuatorsAt = Callable[[datetime], Sequence[Actuator]]
"""The actuators that are described at a moment."""


class Behind(NamedTuple):
    """The energy (Ws) that a device is behind its plan; negative if it is ahead."""

    before: float = 0.0
    """When the running slot began."""
    within: float = 0.0
    """Since then."""
    begun: timedelta = timedelta(0)
    """How long ago that was."""


@dataclass(frozen=True, slots=True)
class EnergyBalance:
    """Counts what was planned and what was given, while one plan follows another.

    Given is what the actuators do by what the RM reports, or was told since. What
    is behind when a slot begins is kept apart, so that a slot's power is the same
    however often its plan is followed anew.
    """

    power: Series | None = None
    """What is followed, in kW; None: nothing is."""
    counted_until: datetime | None = None
    before: float = 0.0
    within: float = 0.0
    states: Mapping[str, ModeState] = field(default_factory=dict)
    """What actuators do, by their ids."""
    orders: tuple[tuple[str, Command], ...] = ()
    """What they were told to do later, with the ids of the instructions, in order of time."""

    def among(self, actuators: Iterable[Actuator]) -> Self:
        """The same without what is known of other actuators."""
        ids = {actuator.id for actuator in actuators}
        if self.states.keys() <= ids:
            return self
        states = {key: state for key, state in self.states.items() if key in ids}
        return replace(self, states=states)

    def reported(self, actuator: Actuator, state: ModeState) -> Self:
        """The same once the RM has told what an actuator does."""
        return replace(self, states={**self.states, actuator.id: state})

    def ordered(self, instruction_id: str, command: Command) -> Self:
        """The same once an actuator was told what to do."""
        orders = sorted(
            (*self.orders, (instruction_id, command)), key=lambda each: each[1].moment
        )
        return replace(self, orders=tuple(orders[-_MOST_ORDERS:]))

    def refused(self, instruction_id: str) -> Self:
        """The same without an instruction that the RM does not follow."""
        return replace(
            self,
            orders=tuple(each for each in self.orders if each[0] != instruction_id),
        )

    def following(self, plan: Plan, now: datetime) -> Self:
        """The same, as `counted`, from when on another plan is followed."""
        power = plan.power
        if self.power is None or power is None:
            return replace(self, power=power, counted_until=now, before=0.0, within=0.0)
        if power.slot_start(now) == self.power.slot_start(now):
            return replace(self, power=power)
        return replace(self, power=power, before=self.before + self.within, within=0.0)

    def behind(self, now: datetime) -> Behind:
        """What is behind now, as `counted`, while something is followed."""
        assert self.power is not None
        begun = now - self.power.slot_start(now)
        return Behind(self.before, self.within, begun)

    def counted(self, now: datetime, actuators: ActuatorsAt, level: float) -> Self:
        """The same after the time that has passed, at a fill level."""
        moment, power = self.counted_until, self.power
        if moment is None:
            states, orders = _executed(self.states, self.orders, actuators(now), now)
            return replace(self, states=states, orders=orders)
        if moment >= now:
            return self
        before, within = self.before, self.within
        states, orders = self.states, self.orders
        while moment < now:
            described = actuators(moment)
            states, orders = _executed(states, orders, described, moment)
            ends = [now, *(command.moment for _, command in orders[:1])]
            ends += [
                state.ready
                for state in states.values()
                if state.ready and state.ready > moment
            ]
            if (planned := _at(power, moment)) is None or power is None:
                before = within = 0.0
                moment = min(ends)
                continue
            slot_end = power.slot_start(moment) + power.resolution
            until = min(slot_end, *ends)
            given = sum(
                _power(actuator, states.get(actuator.id), level, moment)
                for actuator in described
            )
            within += (planned - given) * (until - moment).total_seconds()
            moment = until
            if until == slot_end:
                gaps = gaps_around(planned, described, level)
                if gaps:
                    before = kept_within(
                        before + within, gaps, power.resolution.total_seconds()
                    )
                within = 0.0
        return replace(
            self,
            counted_until=now,
            before=before,
            within=within,
            states=states,
            orders=orders,
        )


def _at(power: Series | None, moment: datetime) -> float | None:
    """What is planned, in W; None if nothing is."""
    if power is None or not power.start <= moment < power.end:
        return None
    planned = power.values[power.index_at(moment)]
    return None if planned is None else planned * 1000


def _power(
    actuator: Actuator, state: ModeState | None, level: float, moment: datetime
) -> float:
    """What an actuator consumes, in W; nothing while that is not known."""
    if (
        state is None
        or state.mode is None
        or state.mode not in actuator.modes
        or (state.ready and state.ready > moment)
    ):
        return 0.0
    return actuator.element(state.mode, level).power.at(state.factor)


def _executed(
    states: Mapping[str, ModeState],
    orders: tuple[tuple[str, Command], ...],
    actuators: Iterable[Actuator],
    moment: datetime,
) -> tuple[Mapping[str, ModeState], tuple[tuple[str, Command], ...]]:
    """What actuators do once the orders whose time has come are executed."""
    due = [command for _, command in orders if command.moment <= moment]
    if not due:
        return states, orders
    by_id = {actuator.id: actuator for actuator in actuators}
    found = dict(states)
    for command in due:
        if (actuator := by_id.get(command.actuator)) is None:
            continue
        state = found.get(command.actuator, ModeState())
        with suppress(InvalidContentError):
            found[command.actuator] = actuator.graph.observed(
                state,
                {
                    "active_operation_mode_id": command.mode,
                    "operation_mode_factor": command.factor,
                    "previous_operation_mode_id": state.mode,
                    "transition_timestamp": command.moment,
                },
                command.moment,
            )
    return found, orders[len(due) :]
