"""The catalogue of S2's rules agrees with itself, with the tests and with the page about it."""

from dataclasses import replace

from ..s2_conformance.document import (
    DOCUMENT,
    Mark,
    document,
    faults,
    marks_in,
    read_marks,
)
from ..s2_conformance.rules import Rule, State, all_rules

KEPT = Rule("topic.kept", "It is so.", "schema, Something")
DEVIATES = replace(KEPT, id="topic.other", state=State.DEVIATES, reason="For now")
SHOWN = Mark(KEPT.id, "test_it", "tests/test_it.py")


def test_every_rule_is_shown_or_has_a_reason() -> None:
    """And each mark is one of a rule."""
    assert faults(all_rules(), read_marks()) == []


def test_page_is_up_to_date() -> None:
    """Else run `.environments/tests/bin/python -m tests.s2_conformance`."""
    assert DOCUMENT.read_text(encoding="utf-8") == document(read_marks())


def test_marks_are_found() -> None:
    """With all rules that a test shows."""
    source = """
@pytest.mark.parametrize("a", [1])
@pytest.mark.s2_rule("topic.kept", "topic.other")
async def test_it(a):
    ...

@pytest.mark.skip
def test_something_else():
    ...
"""
    assert list(marks_in(source, SHOWN.path)) == [
        SHOWN,
        replace(SHOWN, rule=DEVIATES.id),
    ]


def test_faults_are_found() -> None:
    """Whatever is wrong is said."""
    assert faults([KEPT, DEVIATES], [SHOWN]) == []

    assert faults([KEPT, DEVIATES], []) == [
        "topic.kept is said to be kept, but no test shows it"
    ]
    assert faults([KEPT], [SHOWN, replace(SHOWN, rule="topic.gone")]) == [
        "tests/test_it.py::test_it shows topic.gone, which is no rule"
    ]
    assert faults([replace(DEVIATES, reason="")], []) == [
        "topic.other deviates but has no reason"
    ]
    assert faults([replace(KEPT, reason="For now")], [SHOWN]) == [
        "topic.kept is kept but has a reason not to be"
    ]
    assert faults([replace(KEPT, source="Hearsay")], [SHOWN]) == [
        "topic.kept is written nowhere that is known"
    ]
    assert faults([KEPT, KEPT], [SHOWN]) == ["two rules have the same id"]
