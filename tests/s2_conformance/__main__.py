"""Writes docs/s2-conformance.md."""

from .document import DOCUMENT, document, read_marks

DOCUMENT.write_text(document(read_marks()), encoding="utf-8")
