"""Operation Mode Based Control: a device with operation modes, of which no storage is known."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, override

from ..handler import NotPlannableError
from ..instructions.instruction import Instruction
from ..messages.message import ControlType
from ..operation_modes.actuators import Actuator
from ..operation_modes.capacities import capacities
from ..operation_modes.choice import Command
from ..operation_modes.handler import DEVICE, ModeHandler
from ..operation_modes.modes import WireMode
from ..operation_modes.profile import known_slots
from ..operation_modes.sequence import Follower
from ..plan import Plan, Window
from ..quantities import energy_quantity

_SYSTEM_DESCRIPTION = "OMBC.SystemDescription"


class OmbcHandler(ModeHandler[Actuator]):
    """A device that is switched between operation modes.

    Its flex-model has a virtual storage, empty when the schedule begins, that holds
    what the device has consumed since. How much of that is needed by when is for the
    user to say (soc-minima that are added to it): without it the device runs only while
    consuming earns money.
    """

    control_type: ClassVar[ControlType] = ControlType.OPERATION_MODE
    prefix: ClassVar[str] = "OMBC"
    message_types: ClassVar[frozenset[str]] = frozenset(
        {_SYSTEM_DESCRIPTION, "OMBC.Status", "OMBC.TimerStatus"}
    )
    counts_energy: ClassVar[bool] = True
    replan_on: ClassVar[frozenset[str]] = frozenset({_SYSTEM_DESCRIPTION})
    follow_on: ClassVar[frozenset[str]] = message_types

    @override
    def flex_model(
        self, window: Window, *, capacity_kwh: float | None
    ) -> dict[str, Any]:
        device = self._systems.at(window.start + window.resolution)
        if device is None:
            raise NotPlannableError("s2_no_description")
        bands = device.bands(self._observations.state(device), window.start)
        if not bands or bands[0].low < 0 or bands[-1].high <= 0:
            # Nobody knows how much it can produce.
            raise NotPlannableError("s2_no_consumption")
        hours = window.duration / timedelta(hours=1)
        return {
            "soc-at-start": energy_quantity(0.0),
            "soc-min": energy_quantity(0.0),
            "soc-max": energy_quantity(
                bands[-1].high / 1000 * hours if capacity_kwh is None else capacity_kwh
            ),
            **capacities([bands]),
            # It is no real storage: what the server may know of one does not hold.
            "charging-efficiency": "100 %",
            "storage-efficiency": "100 %",
            "soc-usage": ["0 kW"],
            "soc-gain": ["0 kW"],
        }

    @override
    def instructions(self, plan: Plan, now: datetime) -> Sequence[Instruction]:
        slots = list(known_slots(plan, now))
        if not slots:
            return ()
        follower = Follower()
        commands: list[Command] = []
        for start, end, device in self._systems.between(slots[0].start, slots[-1].end):
            follower.equip([device], self._observations.state)
            commands += follower.run(slots, start, end)
        return self._instructions(commands)

    @override
    def _read_system(self, body: Mapping[str, Any]) -> Actuator:
        modes = [WireMode(mode["id"], [mode], mode) for mode in body["operation_modes"]]
        return Actuator.from_wire(DEVICE, modes, body)

    @override
    def _actuators_of(self, system: Actuator) -> Sequence[Actuator]:
        return [system]
