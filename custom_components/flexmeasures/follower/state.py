"""How following goes, as its sensor says it."""

from enum import StrEnum


class FollowerState(StrEnum):
    """How following goes."""

    DRY_RUN = "dry_run"
    """Nothing is written: what would be is only said."""
    FOLLOWING = "following"
    RESTING = "resting"
    """There is no setpoint."""
    BY_HAND = "by_hand"
    """The user has changed something, which is left for a while."""
    WAITING = "waiting"
    """An entity is not available."""
    FAILING = "failing"
    """An entity does not take what it is to take, or cannot."""
