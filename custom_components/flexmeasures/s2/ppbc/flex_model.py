"""The flex-model of a power profile: there is none."""

from typing import Never

from ..handler import NotPlannableError


def profile_flex_model() -> Never:
    """Raise NotPlannableError: FlexMeasures only knows blocks of constant power.

    When a profile is best started is found in `start_times`.
    """
    raise NotPlannableError("s2_planned_here")
