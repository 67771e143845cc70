"""Cleans users' text: one Unicode normal form, no control characters."""

from __future__ import annotations

import re
import unicodedata

# C0 and C1 controls except tab and newline, and code points that are not characters.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]+")


def clean(text: str) -> str:
    """The text in NFC (Unicode annex 15), line endings as newlines, without control characters or outer white space.

    Control characters separate words, so a space takes their place.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub(" ", unicodedata.normalize("NFC", plain)).strip()
