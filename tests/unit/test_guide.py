"""What README.md and docs/ refer to is there, and they refer to all that owners may need."""

from collections.abc import Iterator
from functools import cache
import json
from pathlib import Path
import re

import pytest

from custom_components.flexmeasures.const import PROJECT
from custom_components.flexmeasures.issues.registry import DOCUMENTATION
from custom_components.flexmeasures.scheduling.status import STATUSES
from homeassistant.util.yaml import load_yaml_dict

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [
    README,
    ROOT / "CHANGELOG.md",
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]

CODE = re.compile(r"^ *```.*?^ *```$|`[^`\n]*`", re.DOTALL | re.MULTILINE)
FENCED = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#{1,6} +(.+?)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^()\s]+)\)|\b(?:src|srcset|href)=\"([^\"]+)\"")
# As the integration composes them.
COMPOSED = re.compile(r"\{(PROJECT|DOCUMENTATION)\}([^\"{}]*)\"")


def named(page: Path) -> str:
    """Give the path of a page, as the name of a test."""
    return str(page.relative_to(ROOT))


@cache
def anchors(page: Path) -> set[str]:
    """Give what links may lead to on a page, as GitHub names it."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        shown = LINK.sub("]", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        number = 0
        while (anchor := f"{slug}-{number}" if number else slug) in found:
            number += 1
        found.add(anchor)
    return found


def links(page: Path) -> list[str]:
    """Give where the links and pictures of a page lead to."""
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    return ["".join(link) for link in LINK.findall(text)]


def wrong(page: Path, link: str) -> str | None:
    """Say what is wrong with a link of a page to something in this repository."""
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.is_relative_to(ROOT) or not target.exists():
        return f"{link}: there is no such file"
    if anchor and anchor not in anchors(target):
        return f"{link}: there is no such heading"
    return None


def composed() -> Iterator[str]:
    """Give the links to this repository in the integration, and in forms for issues."""
    for module in (ROOT / "custom_components").rglob("*.py"):
        for base, rest in COMPOSED.findall(module.read_text(encoding="utf-8")):
            yield {"PROJECT": PROJECT, "DOCUMENTATION": DOCUMENTATION}[base] + rest
    for form in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        yield from re.findall(
            rf"{re.escape(PROJECT)}[^\s)]*", form.read_text(encoding="utf-8")
        )


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    """Each file, picture and heading is there."""
    inside = [link for link in links(page) if "://" not in link]

    assert [fault for link in inside if (fault := wrong(page, link))] == []


def test_links_of_the_integration_lead_somewhere() -> None:
    """Those of forms, repairs and issues, too."""
    found = list(composed())

    assert len(found) > 5
    for link in found:
        assert link.startswith(f"{PROJECT}/")
        assert wrong(README, link.removeprefix(f"{PROJECT}/")) is None


def test_readme_leads_to_each_page() -> None:
    """Nothing has to be searched for."""
    known = {link.partition("#")[0] for link in links(README)}

    assert {named(page) for page in (ROOT / "docs").glob("*.md")} <= known


def test_every_picture_is_shown_in_light_and_in_dark() -> None:
    """With a text for who cannot see it; none lies there that nobody looks at."""
    shown = {
        Path(link).name
        for page in PAGES
        for link in links(page)
        if "images/" in link and "://" not in link
    }
    texts = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    light = {name for name in shown if "_dark." not in name}

    assert shown == {file.name for file in (ROOT / "docs" / "images").iterdir()}
    assert shown - light == {name.replace(".", "_dark.") for name in light}
    assert "![" not in CODE.sub("", texts).replace("[![", "")
    for picture in re.findall(r"<img [^>]*>", texts):
        assert re.search(r'alt="[^"]{10,}"', picture), picture


def test_readme_names_the_oldest_home_assistant() -> None:
    """The same as HACS checks."""
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    oldest = hacs["homeassistant"].removesuffix(".0")
    text = README.read_text(encoding="utf-8")

    assert f"Home Assistant {oldest} or newer" in text
    assert f"/Home_Assistant-{oldest}%2B-" in text


def test_readme_names_the_scripts() -> None:
    """How to look at it, test it and check it."""
    text = README.read_text(encoding="utf-8")

    for script in ("demo", "test", "lint"):
        assert f"scripts/{script}" in text


def test_every_setting_is_described() -> None:
    """By the name that its field has; what S2 devices report, with S2."""
    texts = json.loads(
        (
            ROOT / "custom_components" / "flexmeasures" / "translations" / "en.json"
        ).read_text(encoding="utf-8")
    )
    steps = texts["config_subentries"]["device"]["step"]
    topics = steps["settings"]["menu_options"]
    described = "".join(
        (ROOT / "docs" / name).read_text(encoding="utf-8")
        for name in ("settings.md", "s2.md")
    )

    for topic, title in topics.items():
        assert f"\n### {title}\n" in described
        for label in steps[topic]["data"].values():
            assert label in described, label
    for label in texts["options"]["step"]["init"]["data"].values():
        assert f"| {label} |" in described


def test_every_status_says_what_to_do() -> None:
    """What went wrong is found by its word, but for what is no trouble."""
    described = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")

    for status in set(STATUSES) - {"ok", "computing"}:
        assert f"`{status}`" in described, status


def test_every_action_is_described() -> None:
    """In the list at the top, and under a heading of its own."""
    page = ROOT / "docs" / "actions.md"
    actions = load_yaml_dict(
        str(ROOT / "custom_components" / "flexmeasures" / "services.yaml")
    )

    assert actions
    for action in actions:
        assert f"flexmeasures{action}" in anchors(page)
        assert f"#flexmeasures{action}" in links(page)
