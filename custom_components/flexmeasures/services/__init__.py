"""The actions."""

from homeassistant.core import HomeAssistant, SupportsResponse, callback
from homeassistant.helpers.service import async_register_admin_service

from ..const import DOMAIN
from . import (
    feeds,
    forecasts,
    measurements,
    meters,
    posting,
    resource_managers,
    schedules,
    schemas,
)
from .targets import devices_of, for_each, meters_of, resources_of


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handler, schema, response in (
        (
            "trigger_schedule",
            for_each(devices_of, schedules.trigger_schedule),
            schemas.TRIGGER_SCHEDULE_SCHEMA,
            SupportsResponse.OPTIONAL,
        ),
        (
            "get_schedule",
            for_each(devices_of, schedules.get_schedule),
            schemas.GET_SCHEDULE_SCHEMA,
            SupportsResponse.ONLY,
        ),
        (
            "get_prices",
            for_each(devices_of, schedules.get_prices),
            schemas.GET_PRICES_SCHEMA,
            SupportsResponse.ONLY,
        ),
        (
            "explain",
            for_each(devices_of, schedules.explain),
            schemas.EXPLAIN_SCHEMA,
            SupportsResponse.ONLY,
        ),
        (
            "post_measurements",
            posting.post_measurements,
            schemas.POST_MEASUREMENTS_SCHEMA,
            SupportsResponse.OPTIONAL,
        ),
        (
            "get_measurements",
            measurements.get_measurements,
            schemas.GET_MEASUREMENTS_SCHEMA,
            SupportsResponse.ONLY,
        ),
        (
            "send_now",
            feeds.send_now,
            schemas.SEND_NOW_SCHEMA,
            SupportsResponse.OPTIONAL,
        ),
        (
            "backfill",
            feeds.backfill,
            schemas.BACKFILL_SCHEMA,
            SupportsResponse.OPTIONAL,
        ),
        (
            "reimport_statistics",
            for_each(meters_of, meters.reimport_statistics),
            schemas.REIMPORT_STATISTICS_SCHEMA,
            SupportsResponse.OPTIONAL,
        ),
        (
            "trigger_forecast",
            forecasts.trigger_forecast,
            schemas.TRIGGER_FORECAST_SCHEMA,
            SupportsResponse.OPTIONAL,
        ),
        (
            "override",
            for_each(devices_of, schedules.override),
            schemas.OVERRIDE_SCHEMA,
            SupportsResponse.NONE,
        ),
        (
            "clear_override",
            for_each(devices_of, schedules.clear_override),
            schemas.CLEAR_OVERRIDE_SCHEMA,
            SupportsResponse.NONE,
        ),
        (
            "set_ready_by",
            for_each(devices_of, schedules.set_ready_by),
            schemas.SET_READY_BY_SCHEMA,
            SupportsResponse.NONE,
        ),
        (
            "change_control_type",
            for_each(resources_of, resource_managers.change_control_type),
            schemas.CHANGE_CONTROL_TYPE_SCHEMA,
            SupportsResponse.NONE,
        ),
        (
            "set_grid_emergency",
            for_each(resources_of, resource_managers.set_grid_emergency),
            schemas.SET_GRID_EMERGENCY_SCHEMA,
            SupportsResponse.NONE,
        ),
        (
            "send_instruction",
            for_each(resources_of, resource_managers.send_instruction),
            schemas.SEND_INSTRUCTION_SCHEMA,
            SupportsResponse.OPTIONAL,
        ),
    ):
        hass.services.async_register(
            DOMAIN, name, handler, schema=schema, supports_response=response
        )
    # Whoever may change the Energy dashboard in its own settings.
    async_register_admin_service(
        hass,
        DOMAIN,
        "add_to_energy_dashboard",
        meters.add_to_energy_dashboard,
        schema=schemas.ADD_TO_ENERGY_DASHBOARD_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
