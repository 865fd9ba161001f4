"""What owners call the kinds of devices, as keys of texts."""

from typing import Final

BATTERY: Final = "battery"
CAR: Final = "car"

_KINDS: Final = {
    "battery": BATTERY,
    "one-way_evse": CAR,
    "two-way_evse": CAR,
    "heat-storage": "heat",
    "solar": "solar",
}


def kind_of(asset_type: str) -> str:
    """Return what owners call a type of asset that a server knows."""
    return _KINDS.get(asset_type, "other")
