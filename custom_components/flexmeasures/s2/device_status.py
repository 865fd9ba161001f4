"""What an RM tells of its device, as numbers and texts to be shown and measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """The present state of a device; None for what is not known."""

    fill_level: float | None = None
    """In a unit of the RM's own."""
    fill_level_label: str | None = None
    """What the RM says that the fill level means, e.g. ``SoC in %``."""
    soc_kwh: float | None = None
    fill_rate: float | None = None
    """What the actuators do, in fill level per second."""
    leakage_rate: float | None = None
    """In fill level per second; positive empties the storage."""
    usage_rate: float | None = None
    """What is expected to be taken now, in fill level per second."""
    efficiency: float | None = None
    """What is stored of what is consumed: 1.0 is 100 %, a heat pump has more."""
    active_actuator: int | None = None
    """The place, from 1, of the first one that does something; 0 if none does."""
    operation_mode: str | None = None
    """The name of the operation mode, of each actuator if there are several."""
    operation_mode_factor: float | None = None
