"""The devices that the settings in ``configuration.yaml`` make, checked with the server."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry, ConfigSubentryData
from homeassistant.const import CONF_USERNAME, PERCENTAGE
from homeassistant.core import HomeAssistant, callback

from ...api.client import FlexMeasuresApi
from ...const import (
    CONF_CAPACITY,
    CONF_CONSUMPTION_PRICE_SENSOR,
    CONF_EMPTY_TEMPERATURE,
    CONF_FULL_TEMPERATURE,
    CONF_POWER_SENSOR,
    CONF_PRODUCTION_PRICE_SENSOR,
    CONF_SENSOR,
    CONF_SOC_ENTITY,
    CONF_SOC_MAX,
    CONF_SOC_MIN,
    CONF_SOC_UNIT,
    CONF_YAML,
    SUBENTRY_DEVICE,
)
from ...device.entity_references import named_entities
from ..device.form import DeviceForm
from ..device.level_feed import LevelFeeds, async_keep_level_feed
from ..device.settings_reading import ABOVE_CAPACITY
from .issues import async_report
from .settings import YamlAccount, without


@dataclass(frozen=True, slots=True)
class ImportedDevice:
    """A device of the YAML."""

    subentry: ConfigSubentryData
    form: DeviceForm
    """What has read it."""
    is_changed: bool
    """Whether the YAML says something new."""


def new_subentries(devices: Collection[ImportedDevice]) -> list[ConfigSubentryData]:
    """Return devices as the subentries of a new account, with the feeds that they come with."""
    found = [device.subentry for device in devices]
    feeds: dict[int, ConfigSubentryData] = {}
    for device in devices:
        if (feed := device.form.level_feed) is not None:
            titles = [each["title"] for each in (*found, *feeds.values())]
            feeds.setdefault(feed.data[CONF_SENSOR], feed.subentry(titles))
    return [*found, *feeds.values()]


def is_imported(entry: ConfigEntry, account: YamlAccount) -> bool:
    """Return whether an account is as the YAML says, as far as is known without the server."""
    known = {
        power_sensor: device.data.get(CONF_YAML)
        for power_sensor, device in _devices(entry).items()
    }
    logins = (
        account.login,
        # What the server may have accepted instead of what was written.
        {**account.login, CONF_USERNAME: account.username.lower()},
    )
    return any(login.items() <= entry.data.items() for login in logins) and all(
        known.get(str(device.power_sensor)) == device.settings
        for device in account.devices
    )


async def async_read_devices(
    hass: HomeAssistant,
    api: FlexMeasuresApi,
    account: YamlAccount,
    entry: ConfigEntry | None,
) -> list[ImportedDevice]:
    """Have the forms of the devices read the YAML, and report what they refuse.

    A device that is in `entry` already keeps what the YAML does not say. Raises
    FlexMeasuresError.
    """
    catalogue = await api.get_catalogue()
    present = _devices(entry) if entry else {}
    titles = [subentry.title for subentry in entry.subentries.values()] if entry else []
    found: list[ImportedDevice] = []
    for device in account.devices:
        unique_id = str(device.power_sensor)
        known = present.get(unique_id)
        former = known.data if known else {}
        settings = device.settings
        while True:
            form = DeviceForm(
                hass,
                api,
                catalogue,
                settings={
                    **_other_settings(former, settings),
                    **settings,
                    CONF_POWER_SENSOR: device.power_sensor,
                },
                named_before=named_entities(former),
                level_feeds=LevelFeeds.async_of(hass, catalogue, entry, former)
                if entry
                else None,
            )
            wrong = {
                _culprit(field, error, settings): error
                for field, error in (await _async_errors(form)).items()
            }
            async_report(
                hass,
                [
                    device.mapping.problem(
                        key,
                        error,
                        entities=form.gone_entities.get(key, ""),
                        capacity=form.placeholders.get("capacity", ""),
                    )
                    for key, error in wrong.items()
                ],
            )
            if wrong.keys().isdisjoint(settings):
                break
            settings = without(settings, *wrong)
        if wrong:
            continue
        # What was changed in the UI holds until the YAML changes.
        is_unchanged = former.get(CONF_YAML) == settings
        titles.append(known.title if known else form.title(titles))
        subentry = ConfigSubentryData(
            data=former if is_unchanged else {**form.data, CONF_YAML: settings},
            subentry_type=SUBENTRY_DEVICE,
            title=titles[-1],
            unique_id=unique_id,
        )
        found.append(ImportedDevice(subentry, form, is_changed=not is_unchanged))
    return found


@callback
def async_keep_devices(
    hass: HomeAssistant, entry: ConfigEntry, devices: Iterable[ImportedDevice]
) -> None:
    """Add or change devices; what is the same already is not touched."""
    present = _devices(entry)
    for each in devices:
        if each.is_changed:
            async_keep_level_feed(
                hass, entry, each.form.level_feeds, each.form.level_feed
            )
        device = each.subentry
        if known := present.get(device["unique_id"]):
            hass.config_entries.async_update_subentry(entry, known, data=device["data"])
        else:
            hass.config_entries.async_add_subentry(
                entry,
                ConfigSubentry(
                    data=MappingProxyType(dict(device["data"])),
                    subentry_type=SUBENTRY_DEVICE,
                    title=device["title"],
                    unique_id=device["unique_id"],
                ),
            )


def _devices(entry: ConfigEntry) -> dict[str | None, ConfigSubentry]:
    """Return an account's devices by their power sensors."""
    return {
        device.unique_id: device
        for device in entry.get_subentries_of_type(SUBENTRY_DEVICE)
    }


def _other_settings(
    data: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a device has that does not come from the YAML, of which `settings` are new."""
    former = data.get(CONF_YAML, {})
    gone = {CONF_YAML, *former}
    gone.discard(CONF_SOC_UNIT)
    # Amounts that were entered in the UI mean nothing in another unit.
    if CONF_SOC_UNIT in {*former, *settings} and (
        settings.get(CONF_SOC_UNIT) != data.get(CONF_SOC_UNIT)
    ):
        gone.add(CONF_SOC_UNIT)
    return without(data, *gone)


async def _async_errors(form: DeviceForm) -> dict[str, str]:
    """Have all settings read as they are known; return the errors by field."""
    return await form.async_read_device(
        form.device_values()
    ) or await form.async_read_settings(form.settings_values())


def _culprit(field: str, error: str, settings: Mapping[str, Any]) -> str:
    """Return the key of the YAML that an error at a field of the form is about."""
    if error == ABOVE_CAPACITY:
        return field if field in settings else CONF_CAPACITY
    is_percentage = settings.get(CONF_SOC_UNIT) == PERCENTAGE
    other = {
        CONF_SOC_MIN: CONF_SOC_MAX,
        CONF_PRODUCTION_PRICE_SENSOR: CONF_CONSUMPTION_PRICE_SENSOR,
        CONF_CAPACITY: CONF_SOC_UNIT if is_percentage else CONF_SOC_ENTITY,
        CONF_EMPTY_TEMPERATURE: CONF_SOC_ENTITY,
        CONF_FULL_TEMPERATURE: CONF_SOC_ENTITY,
    }.get(field, field)
    return other if other in settings and field not in settings else field
