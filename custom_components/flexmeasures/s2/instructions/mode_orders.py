"""Operation modes as people name them: in a text, and in an order of theirs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from ..operation_modes.actuators import Actuator
from ..operation_modes.expected_actuator import Command
from ..operation_modes.transitions import ModeState
from .orders import InvalidOrderError, ManualOrder, listed


def described(
    actuators: Iterable[Actuator], actuator_id: str, mode: str, factor: float
) -> str:
    """An operation mode with its factor, where that makes a difference, e.g. ``Charge 42 %``.

    With the actuator's name, if there are several.
    """
    actuators = list(actuators)
    percent = f"{mode} {round(factor * 100)} %"
    for actuator in actuators:
        if actuator.id != actuator_id or mode not in actuator.modes:
            continue
        text = actuator.mode_names[mode]
        if any(
            part.start != part.end
            for element in actuator.modes[mode]
            for part in (element.rate, element.power)
        ):
            text += f" {round(factor * 100)} %"
        is_alone = all(other.id == actuator_id for other in actuators)
        return text if is_alone else f"{actuator.name}: {text}"
    return percent


def ordered(
    actuators: Sequence[Actuator],
    state: Callable[[Actuator], ModeState],
    order: ManualOrder,
    now: datetime,
) -> Command:
    """What a user wants of one actuator; raises InvalidOrderError if it may not be told.

    From the operation mode that the actuator is in: what it will be told until then is
    not looked at.
    """
    if order.operation_mode is None:
        raise InvalidOrderError("s2_mode_required")
    if not 0 <= order.factor <= 1:
        raise InvalidOrderError(
            "s2_limit_not_allowed", limit=str(order.factor), allowed="0 … 1"
        )
    actuator = _actuator(actuators, order.actuator)
    mode = _id_of(order.operation_mode, actuator.mode_names)
    if mode is None:
        usable = {
            mode: name
            for mode, name in actuator.mode_names.items()
            if order.abnormal_condition or mode in actuator.graph.normal
        }
        raise InvalidOrderError(
            "s2_unknown_mode", mode=order.operation_mode, modes=_listed(usable)
        )
    name = actuator.mode_names[mode]
    if mode not in actuator.graph.normal and not order.abnormal_condition:
        raise InvalidOrderError("s2_mode_abnormal_only", mode=name)
    moment = max(order.execution_time, now)
    if not actuator.graph.may_follow(
        state(actuator), mode, moment, abnormal=order.abnormal_condition
    ):
        raise InvalidOrderError("s2_mode_blocked", mode=name)
    return Command(moment, actuator.id, mode, order.factor)


def _actuator(actuators: Sequence[Actuator], wanted: str | None) -> Actuator:
    names = {actuator.id: actuator.name for actuator in actuators}
    if wanted is None:
        if len(actuators) > 1:
            raise InvalidOrderError("s2_actuator_required", actuators=_listed(names))
        return actuators[0]
    found = _id_of(wanted, names)
    for actuator in actuators:
        if actuator.id == found:
            return actuator
    raise InvalidOrderError(
        "s2_unknown_actuator", actuator=wanted, actuators=_listed(names)
    )


def _id_of(wanted: str, names: Mapping[str, str]) -> str | None:
    """What is meant by an id, or by a name that only one has."""
    if wanted in names:
        return wanted
    meant = [each for each, name in names.items() if name == wanted]
    return meant[0] if len(meant) == 1 else None


def _listed(names: Mapping[str, str]) -> str:
    return listed(
        name if name == each else f"{name} ({each})" for each, name in names.items()
    )
