"""The best control type of those that an RM offers."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from ...s2.messages.message import ControlType

# From what is planned best to what is only measured.
_BEST_FIRST: Final = (
    ControlType.FILL_RATE,
    ControlType.POWER_PROFILE,
    ControlType.DEMAND_DRIVEN,
    ControlType.POWER_ENVELOPE,
    ControlType.OPERATION_MODE,
)

_PATIENCE: Final = {
    # What is missing may come with the next message.
    "s2_no_description": timedelta(minutes=5),
    "s2_no_fill_level": timedelta(minutes=5),
    "s2_no_demand": timedelta(minutes=5),
    # Nothing better is to be expected of these.
    "s2_energy_unknown": timedelta(0),
    "s2_limits_only_lose": timedelta(0),
    "s2_no_consumption": timedelta(0),
    "s2_no_effect": timedelta(0),
    "s2_no_fill_levels": timedelta(0),
    "s2_no_power_limits": timedelta(0),
}


def patience(problem: str) -> timedelta | None:
    """Return for how long a control type is kept that cannot be planned for this reason.

    None for ever: the user can do something about it.
    """
    return _PATIENCE.get(problem)


class AutomaticControlType:
    """Chooses among what is offered: the best of what can be planned, as far as is known."""

    def __init__(self) -> None:
        """Start with nothing offered."""
        self._offered: frozenset[ControlType] = frozenset()
        self._refused: set[ControlType] = set()
        self._unplannable: set[ControlType] = set()

    def offer(self, control_types: Collection[ControlType]) -> None:
        """Choose among these from now on; all may be tried if they are others."""
        if (offered := frozenset(control_types)) != self._offered:
            self.forget()
            self._offered = offered

    def forget(self) -> None:
        """Try everything again."""
        self._offered = frozenset()
        self._refused.clear()
        self._unplannable.clear()

    def refuse(self, control_type: ControlType) -> None:
        """Take note that the RM does not take one up, though it offers it."""
        self._refused.add(control_type)

    def rule_out(self, control_type: ControlType) -> None:
        """Take note that nothing can be planned under one."""
        self._unplannable.add(control_type)

    @property
    def best(self) -> ControlType:
        """The one to be in force."""
        taken_up = self._offered - self._refused
        candidates = [each for each in _BEST_FIRST if each in taken_up]
        plannable = [each for each in candidates if each not in self._unplannable]
        # Where nothing can be planned, the user is told why of the best one.
        for best in (*plannable, *candidates):
            return best
        if ControlType.NOT_CONTROLABLE in taken_up:
            return ControlType.NOT_CONTROLABLE
        return ControlType.NO_SELECTION
