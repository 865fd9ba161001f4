"""The flows of the integration, whose steps are in ``flows/``."""

from typing import override

from homeassistant.config_entries import ConfigEntry, ConfigSubentryFlow, OptionsFlow
from homeassistant.core import callback

from .const import DOMAIN, SUBENTRY_DEVICE, SUBENTRY_FEED, SUBENTRY_METER
from .flows.device.flow import DeviceSubentryFlow
from .flows.feed.flow import FeedSubentryFlow
from .flows.meter.flow import MeterSubentryFlow
from .flows.options import AccountOptionsFlow
from .flows.yaml_import.flow import ImportFlow


class FlexMeasuresConfigFlow(ImportFlow, domain=DOMAIN):
    """Set up an account, its first device, and later changes of the login."""

    # Of the subentries too. What is only added raises the minor version.
    VERSION = 1
    MINOR_VERSION = 1

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the flows that add devices, meters and feeds to an account."""
        return {
            SUBENTRY_DEVICE: DeviceSubentryFlow,
            SUBENTRY_METER: MeterSubentryFlow,
            SUBENTRY_FEED: FeedSubentryFlow,
        }

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the flow that changes what holds for all of an account."""
        return AccountOptionsFlow()
