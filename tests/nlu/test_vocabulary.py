"""A vocabulary in arrays behaves like a dictionary."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.vectors import WEIGHTS
from bot.nlu.vocabulary import SLOTS, WORDS, Vocabulary, slots_of

SHIPPED = Vocabulary(WEIGHTS)
LINES = (WEIGHTS / WORDS).read_text("utf-8").split("\n")


def test_shipped_table_finds_every_word() -> None:
    assert [SHIPPED.get(word) for word in LINES] == list(range(len(LINES)))
    assert (len(SHIPPED), list(SHIPPED)) == (len(LINES), LINES)


def test_shipped_table_matches_the_shipped_words() -> None:
    assert np.array_equal(np.load(WEIGHTS / SLOTS), slots_of(LINES))


@given(st.text())
def test_unknown_text_has_no_number(text: str) -> None:
    known = dict(zip(LINES, range(len(LINES)), strict=True))
    assert SHIPPED.get(text) == known.get(text)
    assert (text in SHIPPED) is (text in known)


def test_lone_surrogate_is_not_a_word() -> None:
    assert "\ud800" not in SHIPPED


def test_words_with_colliding_hashes_are_distinguished(tmp_path: Path) -> None:
    words = [f"w{number}" for number in range(40_000)] + ["naïve"]
    (tmp_path / WORDS).write_text("\n".join(words), "utf-8")
    np.save(tmp_path / SLOTS, slots_of(words))
    made = Vocabulary(tmp_path)
    assert all(made[word] == number for number, word in enumerate(words))
    with pytest.raises(KeyError):
        made["w40000"]
