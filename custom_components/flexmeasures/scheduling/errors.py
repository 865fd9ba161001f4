"""Why no schedule can be asked for, beside what the server and the settings say."""

from typing import Final

from ..api.errors import FlexMeasuresError

NOT_PLANNABLE: Final = frozenset(
    {
        "s2_defect",
        "s2_energy_unknown",
        "s2_limits_only_lose",
        "s2_no_consumption",
        "s2_no_demand",
        "s2_no_description",
        "s2_no_effect",
        "s2_no_fill_level",
        "s2_no_fill_levels",
        "s2_no_power_limits",
        "s2_not_in_control",
        "s2_planned_here",
        "s2_profile_late",
        "s2_target_required",
    }
)
"""Keys of translated texts."""


class S2NotPlannableError(FlexMeasuresError):
    """What a device's resource manager has reported does not suffice, or it is not controlled."""

    passes = True

    def __init__(self, key: str) -> None:
        """Keep which of `NOT_PLANNABLE` it is."""
        super().__init__(key)
        self.translation_key = key
