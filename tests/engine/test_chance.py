"""The draws of a turn: SplitMix64, so that a replay of a stored turn draws the same on any machine and version."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bot.sources import Chance

PUBLISHED = (6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431)
"""The first numbers of SplitMix64 from 1234567, as other implementations return them."""


def test_draws_match_published_splitmix64_numbers() -> None:
    chance = Chance(1234567)
    assert [chance.share() for _ in PUBLISHED] == [(number >> 11) / 2**53 for number in PUBLISHED]


@given(st.integers(0, 2**64 - 1), st.lists(st.integers(), min_size=1, max_size=40))
def test_choice_is_one_of_the_items(seed: int, among: list[int]) -> None:
    chance = Chance(seed)
    assert all(chance.choice(among) in among and 0 <= chance.share() < 1 for _ in range(5))


def test_neighbouring_seeds_choose_each_item_about_equally_often() -> None:
    drawn = Counter(Chance(seed).choice("abc") for seed in range(3_000))
    assert all(900 < count < 1_100 for count in drawn.values())
