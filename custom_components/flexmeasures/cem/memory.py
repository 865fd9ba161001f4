"""What is remembered of the S2 resource manager that speaks for a device."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from ..device.lifetime import Lifetime
from ..device.store import AccountStore
from ..s2.messages.message import ControlType

# Where it is among what is stored of the device.
_NAME: Final = "resource"


@dataclass(slots=True)
class ResourceMemory:
    """Is stored with the device; call the store's `async_remember` after a change."""

    token_hash: str | None = None
    """Of the token that the rest belongs to."""
    is_token_void: bool = False
    """It was in an address, and so in logs; a new one is needed."""
    resource_id: str | None = None
    """What the RM says that it is; another one is not let in."""
    control_type: ControlType | None = None
    """What the user chose, or what was in force last if that is automatic; None until then."""
    is_automatic: bool | None = None
    """Whether it is the best one that is offered; None until that is settled."""
    is_emergency: bool = False
    """Whether what is for abnormal conditions only may be used."""
    consumed_kwh: float = 0.0
    """Of the energy that the user's target is about, where it counts energy."""
    counted_for: datetime | None = None
    """When that target has to be reached."""

    @classmethod
    def kept_in(
        cls, store: AccountStore, power_sensor: int, lifetime: Lifetime
    ) -> Self:
        """Return what is stored of the RM of a device; store its changes while that is loaded."""
        memory = store.restored(
            power_sensor,
            lambda stored: cls.from_json(stored[_NAME]) if _NAME in stored else cls(),
            cls(),
        )
        lifetime.async_on_unload(
            store.async_keep(power_sensor, lambda: {_NAME: memory.as_json()})
        )
        return memory

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        control_type = data["control_type"]
        return cls(
            token_hash=data["token_hash"],
            # It has not always been there.
            is_token_void=data.get("is_token_void", False),
            resource_id=data["resource_id"],
            control_type=ControlType(control_type) if control_type else None,
            is_automatic=data.get("is_automatic"),
            is_emergency=data.get("is_emergency", False),
            consumed_kwh=data["consumed_kwh"],
            # Nor has this.
            counted_for=datetime.fromisoformat(moment)
            if (moment := data.get("counted_for"))
            else None,
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "token_hash": self.token_hash,
            "is_token_void": self.is_token_void,
            "resource_id": self.resource_id,
            "control_type": self.control_type,
            "is_automatic": self.is_automatic,
            "is_emergency": self.is_emergency,
            "consumed_kwh": self.consumed_kwh,
            "counted_for": self.counted_for.isoformat() if self.counted_for else None,
        }
