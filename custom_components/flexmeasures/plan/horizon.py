"""How far ahead the server can plan."""

from datetime import timedelta
from typing import Final

LONGEST_PLAN: Final = timedelta(days=7)
"""At intervals of 15 minutes it computes up to a minute for that, and gives up after three."""

MOST_SLOTS: Final = 2520
"""The server's own default limit, which is more than that from 4 minutes on."""


def longest_plan(slot_length: timedelta) -> timedelta:
    """Return the longest that can be planned in slots of this length."""
    return min(LONGEST_PLAN, MOST_SLOTS * slot_length)
