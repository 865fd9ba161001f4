"""What owners call the kinds of devices, as keys of texts."""

from typing import Final

_KINDS: Final = {
    "battery": "battery",
    "one-way_evse": "car",
    "two-way_evse": "car",
    "heat-storage": "heat",
    "solar": "solar",
}


def kind_of(asset_type: str) -> str:
    """Return what owners call a type of asset that a server knows."""
    return _KINDS.get(asset_type, "other")
