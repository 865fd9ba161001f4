"""What may know better than a device's settings how it has to be scheduled."""

from collections.abc import Mapping
from typing import Any, Protocol

from ..api.errors import FlexMeasuresError
from ..plan.window import Window
from .limits import Span


class FlexModelSource(Protocol):
    """Makes a device's flex-model; an S2 resource manager does."""

    @property
    def is_connected(self) -> bool:
        """Whether the device is there."""

    @property
    def is_plannable(self) -> bool:
        """Whether a new schedule would be of use now."""

    @property
    def problem(self) -> FlexMeasuresError | None:
        """Why none can be made, if that is wrong."""

    @property
    def knows_level(self) -> bool:
        """Whether what it makes says how full the device is, as it measures it."""

    @property
    def counts_energy(self) -> bool:
        """Whether a target is what to consume until then, counted from the last one on."""

    @property
    def follows_prices(self) -> bool:
        """Whether it is planned by the prices alone, without schedules."""

    @property
    def may_have_level(self) -> bool:
        """Whether the device can be charged with something, as far as is known by now."""

    @property
    def power_limits(self) -> Span | None:
        """What power the device can have, in kW; None if it does not say so."""

    async def async_flex_model(
        self, window: Window, stored: Mapping[str, Any], overrides: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Return the flex-model to send; None to make it of the settings alone.

        The settings have to add the state of charge where it says none. `stored` is
        the asset's own one; `overrides` hold for one request, and are in what is
        given. Raises FlexMeasuresError.
        """
