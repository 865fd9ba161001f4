"""What an ``OMBC.SystemDescription`` says."""

from collections.abc import Mapping
from typing import Any

from ..operation_modes.actuators import DEVICE, Actuator
from ..operation_modes.modes import WireMode


def read_description(body: Mapping[str, Any]) -> Actuator:
    """The device as its own only actuator.

    Raises InvalidContentError if the description contradicts itself.
    """
    modes = [WireMode(mode["id"], [mode], mode) for mode in body["operation_modes"]]
    return Actuator.from_wire(DEVICE, modes, body)
