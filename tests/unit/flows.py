"""Walking through the flows as a user does, with a look at every text on the way."""

from functools import cache
import json
from pathlib import Path
from string import Formatter
from typing import Any

import probatio

from custom_components import flexmeasures
from custom_components.flexmeasures.const import (
    DOMAIN,
    SUBENTRY_DEVICE,
    SUBENTRY_FEED,
    SUBENTRY_METER,
)
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigFlowContext,
    ConfigSubentry,
    FlowType,
    SubentryFlowContext,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.helpers import config_validation as cv

from .fake_server import EMAIL, PASSWORD, URL_OF_SERVER

type Json = dict[str, Any]
# Results of the flows for accounts and of those for subentries have different types.
type Result = Any

PAIRING_STEPS = {"pairing", "pairing_unencrypted"}
# Fields that a form has only at times, which have texts nevertheless.
FIELDS_AT_TIMES = {
    "ready_by_time",
    "ready_by_days",
    "ready_by_target",
    "s2_any_resource",
    "s2_new_token",
    "send_level",
    "attribute",
    "unit",
    "value_key",
    "invert",
    "sign",
    "capacity",
    "price",
    "rules",
    "feed_in_price",
    "charge",
    "discharge",
    "idle",
    "rest_option",
    "send_solar",
    "send_household",
    "ready_by",
    "soc_entity",
    "empty_temperature",
    "full_temperature",
    "daily_forecast",
}
SECTIONS_AT_TIMES = {"advanced"}

shown_tokens: set[str] = set()
"""The pairing tokens that the flows have shown, which nothing else may show."""

ACCOUNT = {CONF_HOST: URL_OF_SERVER, CONF_USERNAME: EMAIL, CONF_PASSWORD: PASSWORD}


@cache
def english() -> Json:
    """The texts."""
    file = Path(flexmeasures.__file__).parent / "translations" / "en.json"
    texts: Json = json.loads(file.read_text(encoding="utf-8"))
    return texts


def manager(hass: HomeAssistant, flow: Result) -> Any:
    """What runs the flow."""
    match flow["handler"]:
        case tuple():
            return hass.config_entries.subentries
        case str(handler) if handler == DOMAIN:
            return hass.config_entries.flow
    return hass.config_entries.options


async def start_account(hass: HomeAssistant) -> Result:
    """Start to add an account."""
    return checked(
        await hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_USER}
        )
    )


async def log_in(hass: HomeAssistant, flow: Result, login: Json = ACCOUNT) -> Result:
    """Go on from the form of the account to the first step of its first device."""
    account = await submit(hass, flow, login)
    assert account["type"] is FlowResultType.CREATE_ENTRY, account
    kind, flow_id = account["next_flow"]
    assert kind is FlowType.CONFIG_SUBENTRIES_FLOW
    manager = hass.config_entries.subentries
    return await _to_sensors(hass, checked(await manager.async_configure(flow_id)))


async def start_home(hass: HomeAssistant, entry: ConfigEntry) -> Result:
    """Start to add a device: what is there to schedule?"""
    return checked(
        await hass.config_entries.subentries.async_init(
            (entry.entry_id, SUBENTRY_DEVICE), context={"source": SOURCE_USER}
        )
    )


async def start_device(hass: HomeAssistant, entry: ConfigEntry) -> Result:
    """Start to add a device of which the power sensor is known."""
    return await _to_sensors(hass, await start_home(hass, entry))


async def _to_sensors(hass: HomeAssistant, flow: Result) -> Result:
    """Go on from what there is to schedule to the choice of a power sensor."""
    if flow["type"] is FlowResultType.MENU:
        return await choose(hass, flow, "device")
    return flow


async def start_meter(hass: HomeAssistant, entry: ConfigEntry) -> Result:
    """Start to add a meter."""
    return checked(
        await hass.config_entries.subentries.async_init(
            (entry.entry_id, SUBENTRY_METER), context={"source": SOURCE_USER}
        )
    )


async def start_feed(hass: HomeAssistant, entry: ConfigEntry) -> Result:
    """Start to add a feed."""
    return checked(
        await hass.config_entries.subentries.async_init(
            (entry.entry_id, SUBENTRY_FEED), context={"source": SOURCE_USER}
        )
    )


async def choose(hass: HomeAssistant, flow: Result, option: str) -> Result:
    """Choose from a menu."""
    assert flow["type"] is FlowResultType.MENU
    return await submit(hass, flow, {"next_step_id": option})


async def start_change(
    hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry | None = None
) -> Result:
    """Start to change an account, or one of its devices, meters or feeds."""
    if subentry is None:
        return checked(
            await hass.config_entries.flow.async_init(
                DOMAIN,
                context=ConfigFlowContext(
                    source=SOURCE_RECONFIGURE, entry_id=entry.entry_id
                ),
            )
        )
    return checked(
        await hass.config_entries.subentries.async_init(
            (entry.entry_id, subentry.subentry_type),
            context=SubentryFlowContext(
                source=SOURCE_RECONFIGURE, subentry_id=subentry.subentry_id
            ),
        )
    )


async def start_options(hass: HomeAssistant, entry: ConfigEntry) -> Result:
    """Start to change what holds for all devices of an account."""
    return checked(await hass.config_entries.options.async_init(entry.entry_id))


async def submit(hass: HomeAssistant, flow: Result, values: Json) -> Result:
    """Fill in the form and go on."""
    result = await manager(hass, flow).async_configure(flow["flow_id"], values)
    await hass.async_block_till_done()
    return checked(result)


async def submit_settings(
    hass: HomeAssistant, flow: Result, *cleared: str, **changes: Any
) -> Result:
    """Leave a form as it is shown, but for some changes, given without sections."""
    values = {**suggested(flow), **changes}
    for key in cleared:
        values.pop(key, None)
    if not (in_sections := sections(flow)):
        return await submit(hass, flow, values)
    return await submit(
        hass,
        flow,
        {
            name: {key: values[key] for key in keys if key in values}
            for name, keys in in_sections.items()
        },
    )


# The settings of a device, by the screen that they are on.
SCREENS = {
    "level": (
        "soc_entity",
        "capacity",
        "empty_temperature",
        "full_temperature",
        "send_level",
        "soc_sensor",
        "soc_unit",
    ),
    "ready_by": (
        "ready_by_time",
        "ready_by_days",
        "ready_by_target",
        "ready_by_calendar",
    ),
    "limits": ("soc_min", "soc_max"),
    "price_sensors": ("consumption_price_sensor", "production_price_sensor"),
    "rescheduling": (
        "automatic_scheduling",
        "trigger_entities",
        "soc_deviation",
        "soc_max_age",
        "schedule_duration",
    ),
    "intervals": (
        "update_interval",
        "charging_entity",
        "update_interval_charging",
        "climate_entity",
        "update_interval_climate",
    ),
    "s2_pairing": ("s2_enabled", "s2_new_token"),
    "s2_sensors": (
        "fill_level_sensor",
        "fill_rate_sensor",
        "usage_forecast_sensor",
        "leakage_sensor",
        "efficiency_sensor",
        "active_actuator_sensor",
        "rm_discharge_sensor",
        "power_forecast_sensor",
    ),
}
FACTS = ("soc_entity", "capacity", "soc_min", "soc_max", "automatic_scheduling")


def screen_of(setting: str) -> str:
    """The screen that a setting is on."""
    return next(screen for screen, keys in SCREENS.items() if setting in keys)


async def open_screen(
    hass: HomeAssistant, entry: ConfigEntry, device: ConfigSubentry, screen: str
) -> Result:
    """Go to one screen of a device's settings."""
    form = await choose(hass, await start_change(hass, entry, device), screen)
    assert form["step_id"] == screen
    assert not form["errors"]
    return form


async def change_settings(
    hass: HomeAssistant,
    entry: ConfigEntry,
    power_sensor: int,
    *cleared: str,
    **changes: Any,
) -> None:
    """Change settings of a device, screen by screen."""
    keys = {*cleared, *changes}
    for screen in dict.fromkeys(map(screen_of, sorted(keys))):
        form = await open_screen(hass, entry, device_of(entry, power_sensor), screen)
        done = await submit_settings(
            hass,
            form,
            *(key for key in cleared if screen_of(key) == screen),
            **{
                key: value for key, value in changes.items() if screen_of(key) == screen
            },
        )
        assert done["reason"] == "reconfigure_successful", done


def sections(flow: Result) -> dict[str, list[str]]:
    """The form's sections, with their fields."""
    return {
        key.schema: [field.schema for field in value.schema.schema]
        for key, value in flow["data_schema"].schema.items()
        if isinstance(value, section)
    }


def open_sections(flow: Result) -> set[str]:
    """The form's sections that show their fields at once."""
    return {
        key.schema
        for key, value in flow["data_schema"].schema.items()
        if isinstance(value, section) and not value.options["collapsed"]
    }


def fields(flow: Result) -> Json:
    """The form's fields with what they are entered with, those in sections included."""
    found: Json = {}
    for key, value in flow["data_schema"].schema.items():
        if isinstance(value, section):
            found |= {
                field.schema: entry for field, entry in value.schema.schema.items()
            }
        else:
            found[key.schema] = value
    return found


def suggested(flow: Result) -> Json:
    """What the form shows, without its sections."""
    values: Json = {}
    for key, value in flow["data_schema"].schema.items():
        for field in value.schema.schema if isinstance(value, section) else (key,):
            if field.description and "suggested_value" in field.description:
                values[field.schema] = field.description["suggested_value"]
    return values


def said(flow: Result) -> dict[str, str]:
    """What fills in a step's texts, with spaces that break."""
    given: dict[str, str] = flow["description_placeholders"]
    return {
        name: text.replace("\N{NO-BREAK SPACE}", " ") for name, text in given.items()
    }


def have_entities(hass: HomeAssistant, *entity_ids: str) -> None:
    """Let Home Assistant have entities."""
    for entity_id in entity_ids:
        hass.states.async_set(entity_id, "unknown")


def device_of(entry: ConfigEntry, power_sensor: int) -> ConfigSubentry:
    """The device with this power sensor."""
    (device,) = [
        device
        for device in entry.get_subentries_of_type(SUBENTRY_DEVICE)
        if device.data["power_sensor"] == power_sensor
    ]
    assert device.unique_id == str(power_sensor)
    return device


def checked(flow: Result) -> Result:
    """Check that a step has all its texts, and no secret but for a token to be entered."""
    match flow["handler"]:
        case (_, str(kind)):
            texts = english()["config_subentries"][kind]
        case str(handler) if handler == DOMAIN:
            texts = english()["config"]
        case _:
            texts = english()["options"]
    given = flow.get("description_placeholders") or {}
    assert PASSWORD not in str(given)
    if flow.get("step_id") in PAIRING_STEPS:
        shown_tokens.add(given["token"])
    else:
        assert not any(token in str(flow) for token in shown_tokens)

    if flow["type"] is FlowResultType.FORM:
        step = texts["step"][flow["step_id"]]
        # What the frontend gets.
        sent: Any = probatio.to_field_list(
            flow["data_schema"], custom_serializer=cv.custom_serializer
        )
        in_section = {
            field["name"]: field for field in sent if field.get("type") == "expandable"
        }
        for name, field in in_section.items():
            check_texts_of_fields(field["schema"], step["sections"][name])
            assert step["sections"][name]["name"]
        assert in_section.keys() == (
            step.get("sections", {}).keys() - (SECTIONS_AT_TIMES - in_section.keys())
        )
        check_texts_of_fields(
            [field for field in sent if field["name"] not in in_section], step
        )
        assert placeholders(step) <= given.keys()
        # The frontend shows errors at these places only.
        shown = {field["name"] for field in sent} | {"base"}
        assert (flow["errors"] or {}).keys() <= shown
        for error in (flow["errors"] or {}).values():
            assert placeholders(texts["error"][error]) <= given.keys()
    elif flow["type"] is FlowResultType.MENU:
        step = texts["step"][flow["step_id"]]
        assert {*flow["menu_options"]} <= step["menu_options"].keys()
        assert step["menu_options"].keys() == step["menu_option_descriptions"].keys()
        shown_texts = {
            name: {option: texts_of_options[option] for option in flow["menu_options"]}
            for name, texts_of_options in step.items()
            if name.startswith("menu_option")
        }
        others = {key: step[key] for key in step.keys() - shown_texts.keys()}
        assert placeholders([*others.values(), shown_texts]) <= given.keys()
    elif (
        flow["type"] is FlowResultType.ABORT
        and flow.get("translation_domain") != "homeassistant"
    ):
        assert placeholders(texts["abort"][flow["reason"]]) <= given.keys()
    return flow


def check_texts_of_fields(sent: list[Json], texts: Json) -> None:
    """Check that each field has a name and a description, and no text is left over."""
    names = {field["name"] for field in sent}
    assert names == texts.get("data", {}).keys() - (FIELDS_AT_TIMES - names)
    assert texts.get("data", {}).keys() == texts.get("data_description", {}).keys()


def placeholders(texts: Any) -> set[str]:
    """All placeholders in a text, or in a tree of texts."""
    if isinstance(texts, dict | list):
        inner = texts.values() if isinstance(texts, dict) else texts
        return {name for text in inner for name in placeholders(text)}
    return {name for _, name, _, _ in Formatter().parse(texts) if name}
