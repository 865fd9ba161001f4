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
    "s2_new_token",
    "send_level",
    "attribute",
    "unit",
    "value_key",
    "invert",
    "capacity",
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


async def start_device(hass: HomeAssistant, entry: ConfigEntry) -> Result:
    """Start to add a device."""
    return checked(
        await hass.config_entries.subentries.async_init(
            (entry.entry_id, SUBENTRY_DEVICE), context={"source": SOURCE_USER}
        )
    )


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
    """Leave the settings as they are shown, but for some changes, given without sections."""
    values = {**suggested(flow), **changes}
    return await submit(
        hass,
        flow,
        {
            name: {
                key: values[key] for key in keys if key in values and key not in cleared
            }
            for name, keys in sections(flow).items()
        },
    )


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
    if isinstance(texts, dict):
        return {name for text in texts.values() for name in placeholders(text)}
    return {name for _, name, _, _ in Formatter().parse(texts) if name}
