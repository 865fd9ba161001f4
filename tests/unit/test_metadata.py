"""The files around the code agree with it and with each other.

What hassfest and the HACS action check is left to them.
"""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
import fnmatch
import importlib
import inspect
import json
from pathlib import Path
import re
import shlex
from string import Formatter
import struct
import tomllib
from typing import Any, get_type_hints

import pytest

from custom_components.flexmeasures.api import errors
from custom_components.flexmeasures.api.rate_limit import RateLimit
from custom_components.flexmeasures.condition import CONDITIONS
from custom_components.flexmeasures.device.lifetime import DeviceUnloadedError
from custom_components.flexmeasures.feeds.errors import FeedSourceError
from custom_components.flexmeasures.meters.metering import WrongUnitError
from custom_components.flexmeasures.meters.settings import Commodity
from custom_components.flexmeasures.scheduling.forecasts import ForecastError
from custom_components.flexmeasures.scheduling.status import STATUSES
from custom_components.flexmeasures.sensor.meter_descriptions import METER_SENSORS
from custom_components.flexmeasures.trigger import TRIGGERS
from homeassistant.const import Platform
from homeassistant.util.yaml import load_yaml_dict

type Json = dict[str, Any]
type Texts = dict[str, str]

ROOT = Path(__file__).parents[2]
INTEGRATION = ROOT / "custom_components" / "flexmeasures"

LANGUAGES = sorted(path.stem for path in (INTEGRATION / "translations").glob("*.json"))
PLATFORMS = {platform.value for platform in Platform}

HTML = re.compile(r"</?[a-z!][^>]*>", re.IGNORECASE)
URL = re.compile(r"\bhttps?://|\bwww\.", re.IGNORECASE)
QUOTED_PLACEHOLDER = re.compile(r"'[^'{}]*\{[^{}]*\}[^'{}]*'")
TRANSLATION_KEY = re.compile(r"(?!.*[_-]{2})[a-z0-9]([a-z0-9_-]*[a-z0-9])?")

# Reasons with which Home Assistant itself ends a flow.
ABORTED_BY_HOME_ASSISTANT = {
    "already_configured",
    "already_in_progress",
}
QUALITY_SCALE_RULES = {
    # Bronze
    "action-setup",
    "appropriate-polling",
    "brands",
    "common-modules",
    "config-flow",
    "config-flow-test-coverage",
    "dependency-transparency",
    "docs-actions",
    "docs-conditions",
    "docs-high-level-description",
    "docs-installation-instructions",
    "docs-removal-instructions",
    "docs-triggers",
    "entity-event-setup",
    "entity-unique-id",
    "has-entity-name",
    "runtime-data",
    "test-before-configure",
    "test-before-setup",
    "unique-config-entry",
    # Silver
    "action-exceptions",
    "config-entry-unloading",
    "docs-configuration-parameters",
    "docs-installation-parameters",
    "entity-unavailable",
    "integration-owner",
    "log-when-unavailable",
    "parallel-updates",
    "reauthentication-flow",
    "test-coverage",
    # Gold
    "devices",
    "diagnostics",
    "discovery",
    "discovery-update-info",
    "docs-data-update",
    "docs-examples",
    "docs-known-limitations",
    "docs-supported-devices",
    "docs-supported-functions",
    "docs-troubleshooting",
    "docs-use-cases",
    "dynamic-devices",
    "entity-category",
    "entity-device-class",
    "entity-disabled-by-default",
    "entity-translations",
    "exception-translations",
    "icon-translations",
    "reconfiguration-flow",
    "repair-issues",
    "stale-devices",
    # Platinum
    "async-dependency",
    "inject-websession",
    "strict-typing",
}

# Something of each type that the constructors of our exceptions take.
SAMPLES: dict[object, Any] = {
    str: "text",
    str | None: "text",
    int: 1,
    float: 0.5,
    datetime: datetime(2026, 1, 1, tzinfo=UTC),
    timedelta: timedelta(minutes=1),
    RateLimit | None: None,
}


# --- reading


def read_json(path: Path) -> Json:
    """Read a JSON file whose keys may not repeat."""

    def without_duplicates(pairs: list[tuple[str, Any]]) -> Json:
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), f"{path.name} repeats one of {keys}"
        return dict(pairs)

    content: Json = json.loads(
        path.read_text(encoding="utf-8"), object_pairs_hook=without_duplicates
    )
    return content


def read_yaml(name: str) -> Json:
    """Read a YAML file of the integration the way Home Assistant does."""
    return load_yaml_dict(str(INTEGRATION / name))


def translation(language: str = "en") -> Json:
    """Read the texts in one language."""
    return read_json(INTEGRATION / "translations" / f"{language}.json")


def flatten(node: Json | str, path: str = "") -> Texts:
    """Give all texts by their path, such as ``config.error.cannot_connect``."""
    if not isinstance(node, dict):
        return {path: node}
    texts: Texts = {}
    for key, child in node.items():
        texts |= flatten(child, f"{path}.{key}" if path else key)
    return texts


def placeholders(text: str) -> set[str]:
    """Give the names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def keys_below(node: Json, path: str) -> set[str]:
    """Give the keys at a path, none if there is no such path."""
    for key in path.split("."):
        node = node.get(key, {})
    return set(node)


# --- looking into the code


def modules() -> dict[Path, ast.Module]:
    """Parse all of the integration's code."""
    return {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for path in INTEGRATION.rglob("*.py")
    }


def nodes[Node: ast.AST](kind: type[Node]) -> Iterator[Node]:
    """Find all nodes of one kind in the code."""
    for module in modules().values():
        for node in ast.walk(module):
            if isinstance(node, kind):
                yield node


def strings() -> set[str]:
    """Find all string literals in the code."""
    return {node.value for node in nodes(ast.Constant) if isinstance(node.value, str)}


def literals(node: ast.expr | None) -> set[str]:
    """Give the strings that an expression can be, as far as they are written there."""
    match node:
        case ast.Constant(value=str(value)):
            return {value}
        case ast.IfExp(body=body, orelse=orelse):
            return literals(body) | literals(orelse)
        case _:
            return set()


def keywords(call: ast.Call) -> dict[str | None, ast.expr]:
    """Give the keyword arguments of a call."""
    return {keyword.arg: keyword.value for keyword in call.keywords}


def called(call: ast.Call) -> str:
    """Give the last part of the name of what is called."""
    return ast.unparse(call.func).rpartition(".")[2]


def raised_keys() -> Iterator[tuple[str, set[str] | None]]:
    """Find the keys of translated exceptions, with their placeholders where they are literal."""
    for call in nodes(ast.Call):
        arguments = keywords(call)
        if "translation_domain" not in arguments:
            continue
        match arguments.get("translation_placeholders"):
            case None:
                names: set[str] | None = set()
            case ast.Dict(keys=keys) if None not in keys:
                names = {name for key in keys for name in literals(key)}
            case _:
                names = None
        for key in literals(arguments.get("translation_key")):
            yield key, names


def platform_of(path: Path) -> str | None:
    """Give the platform that a module is, or is a part of; None for other modules."""
    return next(
        (name for name in (path.stem, path.parent.name) if name in PLATFORMS), None
    )


def entity_keys() -> Iterator[tuple[str, str]]:
    """Find the translation keys of entities, with their platforms."""
    for path, module in modules().items():
        platform = platform_of(path)
        if platform is None:
            continue
        for node in ast.walk(module):
            match node:
                case ast.Assign(
                    targets=[ast.Name(id="_attr_translation_key")], value=value
                ):
                    keys = literals(value)
                case ast.Call() if "translation_domain" not in keywords(node):
                    keys = literals(keywords(node).get("translation_key"))
                case _:
                    keys = set()
            for key in keys:
                yield platform, key
    for sensor in METER_SENSORS:
        if sensor.translation_key is None:
            for commodity in Commodity:
                yield "sensor", f"{commodity}_{sensor.key}"


def flow_errors() -> set[str]:
    """Find the error keys that the flows show in their forms."""
    found: set[str] = set()
    for assignment in nodes(ast.Assign):
        for target in assignment.targets:
            match target:
                case ast.Subscript(
                    value=ast.Name(id="errors") | ast.Attribute(attr="errors")
                ):
                    found |= literals(assignment.value)
                case ast.Name(id="errors") | ast.Attribute(attr="errors"):
                    found |= dictionary_values(assignment.value)
    for call in nodes(ast.Call):
        found |= dictionary_values(keywords(call).get("errors"))
    return found


def dictionary_values(node: ast.expr | None) -> set[str]:
    """Give the literal values of a dictionary that is written out."""
    match node:
        case ast.Dict(values=values):
            return {text for value in values for text in literals(value)}
        case _:
            return set()


def flow_aborts() -> set[str]:
    """Find the reasons with which the flows end."""
    found: set[str] = set()
    for call in nodes(ast.Call):
        if called(call) in {"async_abort", "AbortFlow"}:
            found |= literals(keywords(call).get("reason"))
            found |= {text for argument in call.args[:1] for text in literals(argument)}
    return found


def flow_texts(kind: str) -> set[str]:
    """Give the keys of one kind that some flow has a text for: of accounts, subentries or repairs."""
    english = translation()
    found = keys_below(english, f"config.{kind}") | keys_below(
        english, f"options.{kind}"
    )
    for subentry in english["config_subentries"]:
        found |= keys_below(english, f"config_subentries.{subentry}.{kind}")
    for issue in english["issues"]:
        found |= keys_below(english, f"issues.{issue}.fix_flow.{kind}")
    return found


def error_classes() -> list[type[errors.FlexMeasuresError]]:
    """Give all exceptions of ours that have a text, whichever module they are in."""
    for path in sorted(modules()):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        importlib.import_module(name.removesuffix(".__init__"))
    found = [errors.FlexMeasuresError]
    for error in found:
        found.extend(child for child in error.__subclasses__() if child not in found)
    return [error for error in found if hasattr(error, "translation_key")]


def schedule_errors() -> list[type[errors.FlexMeasuresError]]:
    """Give those of them that are about schedules, not about forecasts, meters or feeds."""
    others = ForecastError, WrongUnitError, FeedSourceError
    return [error for error in error_classes() if not issubclass(error, others)]


def sample(error: type[errors.FlexMeasuresError]) -> errors.FlexMeasuresError:
    """Make an exception of a class, whatever its constructor takes."""
    if error.__init__ is Exception.__init__:
        return error()
    hints = get_type_hints(error.__init__)
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for parameter in list(inspect.signature(error.__init__).parameters.values())[1:]:
        value = SAMPLES[hints[parameter.name]]
        if parameter.kind is parameter.KEYWORD_ONLY:
            named[parameter.name] = value
        else:
            positional.append(value)
    return error(*positional, **named)


# --- manifest


def test_changelog_has_the_version() -> None:
    """The version is one that the changelog tells about."""
    version = read_json(INTEGRATION / "manifest.json")["version"]

    assert f"\n## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_pyproject_has_the_version() -> None:
    """The project has the version of the integration."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]

    assert project["version"] == read_json(INTEGRATION / "manifest.json")["version"]


def test_platforms_say_how_many_updates_run_at_once() -> None:
    """Each platform sets ``PARALLEL_UPDATES``."""
    platforms = {
        path: module
        for path, module in modules().items()
        if path.stem in PLATFORMS or (path.stem == "__init__" and platform_of(path))
    }

    assert platforms
    for path, module in platforms.items():
        names = {
            ast.unparse(target)
            for node in module.body
            if isinstance(node, ast.Assign)
            for target in node.targets
        }
        assert "PARALLEL_UPDATES" in names, path.name


# --- HACS


def test_a_release_makes_the_zip_that_hacs_downloads() -> None:
    """The name is in both places."""
    hacs = read_json(ROOT / "hacs.json")

    assert hacs["zip_release"] is True
    release = (ROOT / ".github" / "workflows" / "release.yml").read_text(
        encoding="utf-8"
    )
    assert f"/{hacs['filename']}" in release


def test_the_zip_of_a_release_has_the_files_for_dashboards() -> None:
    """HACS looks at no such file: one that is left out is noticed by users."""
    workflow = load_yaml_dict(str(ROOT / ".github" / "workflows" / "release.yml"))
    (job,) = workflow["jobs"].values()
    (zipping,) = [
        shlex.split(step["run"])
        for step in job["steps"]
        if step.get("run", "").startswith("zip ")
    ]
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    files = list((INTEGRATION / "frontend" / "www").rglob("*.js"))

    # All of the folder that the files are in, and nothing is left out.
    assert job["defaults"]["run"]["working-directory"] == str(
        INTEGRATION.relative_to(ROOT)
    )
    assert zipping == ["zip", "--recurse-paths", zipping[2], "."]
    assert "flexmeasures.js" in {file.name for file in files}
    for file in files:
        parts = file.relative_to(ROOT).parts
        for pattern in ignored:
            assert not fnmatch.filter(parts, pattern.strip("/")), pattern


# --- brand


def png_size(name: str) -> tuple[int, int]:
    """Read the size of a brand image that can be transparent."""
    header = (INTEGRATION / "brand" / f"{name}.png").read_bytes()[:26]
    signature, chunk, width, height, _, colour = struct.unpack(">8s4x4sIIBB", header)
    assert signature == b"\x89PNG\r\n\x1a\n"
    assert chunk == b"IHDR"
    assert colour == 6, "not red, green, blue and alpha"
    return width, height


def test_brand_has_only_images_that_home_assistant_serves() -> None:
    """Every image has a name by which it is asked for, in both resolutions."""
    found = {path.name for path in (INTEGRATION / "brand").iterdir()}
    known = {
        f"{dark}{kind}{suffix}.png"
        for dark in ("", "dark_")
        for kind in ("icon", "logo")
        for suffix in ("", "@2x")
    }

    assert {"icon.png", "icon@2x.png", "logo.png", "logo@2x.png"} <= found <= known


def test_icon_is_a_square_of_256_pixels() -> None:
    """The icon has the size that Home Assistant's brands have."""
    assert png_size("icon") == (256, 256)
    assert png_size("icon@2x") == (512, 512)


@pytest.mark.parametrize("name", ["logo", "dark_logo"])
def test_logo_has_a_short_side_of_128_to_256_pixels(name: str) -> None:
    """The logo has a size that Home Assistant's brands have, and twice that."""
    width, height = png_size(name)

    assert 128 <= min(width, height) <= 256
    assert png_size(f"{name}@2x") == (2 * width, 2 * height)


# --- actions


def test_actions_have_texts_icons_and_code() -> None:
    """The same actions are in the form, in the texts, among the icons and in the code."""
    services = set(read_yaml("services.yaml"))

    assert services
    assert services == set(translation()["services"])
    assert services == set(read_json(INTEGRATION / "icons.json")["services"])
    assert services <= strings()


# --- triggers and conditions


@pytest.mark.parametrize(
    ("kind", "known"), [("triggers", TRIGGERS), ("conditions", CONDITIONS)]
)
def test_words_for_automations_are_complete(kind: str, known: Json) -> None:
    """Each has a form, an icon, a page that describes it, and a text for each field."""
    forms = {
        name: form
        for name, form in read_yaml(f"{kind}.yaml").items()
        if not name.startswith(".")
    }
    texts = translation()[kind]
    icons = read_json(INTEGRATION / "icons.json")[kind]
    page = (ROOT / "docs" / "automations.md").read_text(encoding="utf-8")

    assert set(forms) == set(texts) == set(icons) == set(known)
    for name, form in forms.items():
        assert form["target"]["entity"], name
        fields = set(form.get("fields", {}))
        assert fields == keys_below(texts, f"{name}.fields"), name
        assert list(icons[name]) == [kind.removesuffix("s")]
        assert f"`flexmeasures.{name}`" in page
        assert all(f"`{field}`" in page for field in fields), name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["triggers", "conditions"])
def test_words_for_automations_differ(kind: str, language: str) -> None:
    """Whoever looks for one by its name finds one."""
    names = [each["name"] for each in translation(language)[kind].values()]

    assert len(set(names)) == len(names)


# --- errors


@pytest.mark.parametrize("error", error_classes())
def test_errors_of_the_api_have_a_text(error: type[errors.FlexMeasuresError]) -> None:
    """The text of an exception needs nothing that the exception does not give."""
    text = translation()["exceptions"][error.translation_key]["message"]

    assert placeholders(text) <= set(sample(error).placeholders)


def test_errors_are_a_status() -> None:
    """The scheduling status can say each of them that is about schedules.

    But for one: it is gone with the device.
    """
    keys = {error.translation_key for error in schedule_errors()}
    assert keys - {DeviceUnloadedError.translation_key} <= {*STATUSES}


def test_raised_errors_have_a_text() -> None:
    """The text of an exception that is raised has exactly the placeholders given to it."""
    texts = translation()["exceptions"]
    raised = list(raised_keys())

    assert raised
    for key, names in raised:
        assert key in texts
        assert names is None or names == placeholders(texts[key]["message"]), key


def test_no_text_of_an_error_is_left_over() -> None:
    """Everything among the exceptions is raised somewhere."""
    assert keys_below(translation(), "exceptions") <= strings()


def test_flow_errors_have_a_text() -> None:
    """Every error key that a form can show is translated, and no other."""
    found = flow_errors()

    assert found
    assert found <= flow_texts("error")
    assert flow_texts("error") <= strings()


def test_flow_aborts_have_a_text() -> None:
    """Every reason with which a flow can end is translated, and no other."""
    found = flow_aborts() | {"already_configured"}

    assert found <= flow_texts("abort")
    assert flow_texts("abort") <= strings() | ABORTED_BY_HOME_ASSISTANT


def test_entities_have_a_name() -> None:
    """Every translation key of an entity has a name in the texts, and no other has."""
    texts = translation()["entity"]
    found = set(entity_keys())

    assert found
    assert found == {(platform, key) for platform in texts for key in texts[platform]}
    for platform, key in found:
        assert texts[platform][key]["name"]


def test_icons_are_of_entities() -> None:
    """Icons are for entities that there are, and for states that have a text."""
    texts = translation()["entity"]
    icons = read_json(INTEGRATION / "icons.json")["entity"]
    keys = set(entity_keys())

    assert icons
    for platform, entities in icons.items():
        for key, icon in entities.items():
            assert (platform, key) in keys
            assert set(icon) <= {"default", "state"}
            states = set(texts[platform][key].get("state", {}))
            assert set(icon.get("state", {})) <= states, key


# --- texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_keep_the_rules(language: str) -> None:
    """No text has anything in it that Home Assistant cannot show or translate."""
    for path, text in flatten(translation(language)).items():
        assert text, path
        assert text == text.strip(), path
        assert not HTML.search(text), path
        assert not URL.search(text), path
        assert "[%key:" not in text, path
        assert not QUOTED_PLACEHOLDER.search(text), path
        assert all(name.isidentifier() for name in placeholders(text)), path
        assert all(TRANSLATION_KEY.fullmatch(key) for key in path.split(".")), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_have_the_same_texts(language: str) -> None:
    """Every language has all texts of English, with the same placeholders."""
    english = {
        path: placeholders(text) for path, text in flatten(translation()).items()
    }
    other = {
        path: placeholders(text)
        for path, text in flatten(translation(language)).items()
    }

    assert other == english


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_of_a_devices_entities_differ(language: str) -> None:
    """Whoever looks for an entity of a device by its name finds one."""
    names = [
        entity["name"].casefold()
        for entities in translation(language)["entity"].values()
        for entity in entities.values()
    ]

    assert names
    assert {name for name in names if names.count(name) > 1} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_control_types_have_one_name(language: str) -> None:
    """The entity and the actions call a control type the same."""
    texts = translation(language)
    named = texts["entity"]["select"]["control_type"]["state"]

    for selector in ("control_type", "controlling_type"):
        options = texts["selector"][selector]["options"]
        assert options.items() <= named.items()


def test_there_is_english() -> None:
    """Home Assistant falls back to English."""
    assert "en" in LANGUAGES


# --- quality scale


def test_quality_scale_has_all_rules() -> None:
    """Every rule of the scale is met, or says why it cannot apply."""
    rules = read_yaml("quality_scale.yaml")["rules"]

    assert len(QUALITY_SCALE_RULES) == 54
    assert set(rules) == QUALITY_SCALE_RULES
    for name, rule in rules.items():
        status = rule if isinstance(rule, str) else rule["status"]
        assert status in {"done", "exempt"}, name
        assert status == "done" or rule["comment"].strip(), name
    manifest = read_json(INTEGRATION / "manifest.json")
    assert manifest["quality_scale"] == "platinum"
