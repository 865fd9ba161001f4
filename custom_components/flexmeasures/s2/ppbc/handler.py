"""Power profiles with a fixed course, of which the time is chosen."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, override

from ..handler import ControlTypeHandler
from ..instructions.instruction import Instruction
from ..instructions.orders import SEQUENCE_FIELDS, ManualOrder
from ..instructions.sequence_orders import ordered_sequence
from ..messages.message import ControlType, InvalidContentError, Message
from ..plan import Plan, Prices, Window
from ..times import to_ms
from .description import PowerProfile
from .flex_model import profile_flex_model
from .instructions import is_late, planned_instructions, start_instruction

_MOST_PROFILES = 10


class PpbcHandler(ControlTypeHandler):
    """The profiles that an RM has announced, and how far they are.

    FlexMeasures does not schedule them, as it only knows blocks of constant power: the
    best starts are found here, from the prices of the plan.
    """

    control_type = ControlType.POWER_PROFILE
    order_fields: ClassVar[frozenset[str]] = SEQUENCE_FIELDS
    message_types: ClassVar = frozenset(
        {"PPBC.PowerProfileDefinition", "PPBC.PowerProfileStatus"}
    )
    needs_schedule: ClassVar = False
    tells_ahead: ClassVar = True
    follow_on: ClassVar[frozenset[str]] = message_types

    def __init__(self) -> None:
        """Start with nothing announced."""
        self._profiles: dict[str, PowerProfile] = {}
        self._early: Sequence[Mapping[str, Any]] = ()
        """What was said before the profile was announced."""

    @override
    def receive(self, message: Message, now: datetime) -> None:
        match message.type:
            case "PPBC.PowerProfileDefinition":
                self._define(PowerProfile.from_wire(message.body), now)
            case "PPBC.PowerProfileStatus":
                self._report(message.body["sequence_container_status"], now)
            case _:
                raise InvalidContentError("no message of this control type")

    @override
    def revoke(self, object_type: str, object_id: str, now: datetime) -> None:
        if (
            object_type != "PPBC.PowerProfileDefinition"
            or object_id not in self._profiles
        ):
            raise InvalidContentError("an unknown object")
        self._profiles = {
            profile_id: profile
            for profile_id, profile in self._profiles.items()
            if profile_id != object_id
        }

    @override
    def flex_model(
        self,
        window: Window,
        *,
        capacity_kwh: float | None,
        prices: Prices | None = None,
    ) -> dict[str, Any]:
        """Not asked for: see `needs_schedule`."""
        profile_flex_model()

    @override
    def instructions(self, plan: Plan, now: datetime) -> Sequence[Instruction]:
        """One for each container that has not begun; an empty plan is one without prices."""
        return sorted(
            (
                instruction
                for profile in self._profiles.values()
                for instruction in planned_instructions(profile, plan, now)
            ),
            key=lambda instruction: instruction.execution_time,
        )

    @override
    def idle_instructions(self, now: datetime) -> Sequence[Instruction] | None:
        """None is needed: a profile that was started ends by itself."""
        return ()

    @override
    def describe(self, instruction: Instruction) -> str:
        return str(instruction.body["power_sequence_id"])

    @override
    def manual_instruction(self, order: ManualOrder, now: datetime) -> Instruction:
        startable = [
            each
            for profile in self._profiles.values()
            for each in profile.startable(to_ms(now))
        ]
        chosen, time = ordered_sequence(startable, order, now)
        return start_instruction(
            chosen.profile,
            chosen.container,
            chosen.sequence,
            time,
            abnormal=order.abnormal_condition,
        )

    @override
    def knows(self, instruction: Instruction) -> bool:
        profile = self._profiles.get(instruction.body["power_profile_id"])
        container = instruction.body["sequence_container_id"]
        return profile is not None and container in profile.containers

    @override
    def trouble(self, now: datetime) -> str | None:
        """A profile that cannot be finished in time any more, whatever it costs."""
        if any(is_late(profile, now) for profile in self._profiles.values()):
            return "s2_profile_late"
        return None

    @override
    def told(self, instruction: Instruction) -> None:
        """Remember the start: what was told is not decided anew."""
        profile = self._profiles.get(instruction.body["power_profile_id"])
        if profile:
            self._profiles = {**self._profiles, profile.id: profile.told(instruction)}

    @override
    def refused(self, instruction: Instruction) -> None:
        """Decide anew about what does not start."""
        profile = self._profiles.get(instruction.body["power_profile_id"])
        if profile:
            self._profiles = {
                **self._profiles,
                profile.id: profile.refused(instruction),
            }

    def _define(self, profile: PowerProfile, now: datetime) -> None:
        if profile.end <= now:
            raise InvalidContentError("a power profile that is over")
        profiles = {
            profile_id: other
            for profile_id, other in self._profiles.items()
            if other.end > now and profile_id != profile.id
        }
        if len(profiles) >= _MOST_PROFILES:
            raise InvalidContentError("too many power profiles")
        if known := self._profiles.get(profile.id):
            profile = profile.continuing(known)
        early, self._early = self._early, ()
        known_early = [
            status
            for status in early
            if status["power_profile_id"] == profile.id
            and status["sequence_container_id"] in profile.containers
        ]
        self._profiles = {**profiles, profile.id: profile.reported(known_early, now)}

    def _report(self, statuses: Sequence[Mapping[str, Any]], now: datetime) -> None:
        if not self._profiles:
            self._early = statuses
            return
        by_profile: dict[str, list[Mapping[str, Any]]] = {}
        for status in statuses:
            if (profile := self._profiles.get(status["power_profile_id"])) is None:
                raise InvalidContentError("an unknown power profile")
            profile.check(status)
            by_profile.setdefault(profile.id, []).append(status)
        self._profiles = self._profiles | {
            profile_id: self._profiles[profile_id].reported(own, now)
            for profile_id, own in by_profile.items()
        }
