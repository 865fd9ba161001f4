"""Brings the rules of S2 together with the tests that are marked with them."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .rules import SOURCES, TOPICS, Rule, State, all_rules

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = ROOT / "docs" / "s2-conformance.md"

_MARK: Final = "pytest.mark.s2_rule"
_INTRODUCTION: Final = """\
# What of S2 is kept

Every rule of the S2 standard (EN 50491-12-2) that a Customer Energy Manager can be held to, in words of our own: where it is written, whether Home Assistant keeps it, and which tests show it. How to connect a device is told in [Devices that speak S2](s2.md).

This page is made by `.environments/tests/bin/python -m tests.s2_conformance` from `tests/s2_conformance/rules.py` and the marks on the tests, and checked with every run of them: a rule that is kept has a test, and one that is not has a reason. The text of the standard itself is sold; what is public of it is

{sources}

{counts}
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """A test that shows a rule."""

    rule: str
    test: str
    path: str
    """From the root of the project."""


def read_marks(folder: Path = ROOT / "tests") -> list[Mark]:
    """Return the marks on all tests in a folder."""
    return [
        mark
        for path in sorted(folder.rglob("test_*.py"))
        for mark in marks_in(
            path.read_text(encoding="utf-8"),
            path.relative_to(folder.parent).as_posix(),
        )
    ]


def marks_in(source: str, path: str) -> Iterator[Mark]:
    """Return the marks on the tests of a module."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == _MARK:
                for rule in decorator.args:
                    yield Mark(ast.literal_eval(rule), node.name, path)


def faults(rules: Iterable[Rule], marks: Iterable[Mark]) -> list[str]:
    """Return what is wrong with rules and marks."""
    rules, marks = list(rules), list(marks)
    known = {rule.id for rule in rules}
    shown = {mark.rule for mark in marks}
    found = [
        f"{mark.path}::{mark.test} shows {mark.rule}, which is no rule"
        for mark in marks
        if mark.rule not in known
    ]
    if len(known) < len(rules):
        found.append("two rules have the same id")
    for rule in rules:
        if rule.state is State.KEPT and rule.id not in shown:
            found.append(f"{rule.id} is said to be kept, but no test shows it")
        if rule.state is State.KEPT and rule.reason:
            found.append(f"{rule.id} is kept but has a reason not to be")
        if rule.state is not State.KEPT and not rule.reason:
            found.append(f"{rule.id} {rule.state} but has no reason")
        if not rule.source.startswith(tuple(SOURCES)):
            found.append(f"{rule.id} is written nowhere that is known")
    return found


def document(marks: Iterable[Mark]) -> str:
    """Return the page about all rules."""
    tests: dict[str, list[Mark]] = {}
    for mark in marks:
        tests.setdefault(mark.rule, []).append(mark)
    parts = [
        _INTRODUCTION.format(
            sources="\n".join(
                f"- *{short}*: {source}" for short, source in SOURCES.items()
            ),
            counts=_counts(),
        )
    ]
    for topic in TOPICS:
        rows = "\n".join(_row(rule, tests.get(rule.id, ())) for rule in topic.rules)
        parts.append(
            f"## {topic.title}\n\n"
            "| rule | written in | state | shown by |\n|---|---|---|---|\n"
            f"{rows}\n"
        )
    return "\n".join(parts)


def _counts() -> str:
    states = [rule.state for rule in all_rules()]
    of_each = ", ".join(f"{states.count(state)} {state.value}" for state in State)
    return f"{len(states)} rules: {of_each}."


def _row(rule: Rule, marks: Iterable[Mark]) -> str:
    state = rule.state if not rule.reason else f"**{rule.state}**: {rule.reason}"
    shown = "<br>".join(f"[`{mark.test}`](../{mark.path})" for mark in marks)
    return f"| `{rule.id}`<br>{rule.text} | {rule.source} | {state} | {shown} |"
