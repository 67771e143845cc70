import sys

from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.spelling import Spelling

OURS = {"transfer": -1.0, "balance": -2.0, "balances": -3.0, "card": -1.0}
REAL = {"house": 0, "form": 1, "horse": 2}
SPELLING = Spelling(OURS, REAL)


def test_a_slip_of_the_keyboard_is_mended():
    for slip in ("trasnfer", "tranfer", "transferr", "trabsfer"):
        assert SPELLING.correct(f"please {slip} it") == "please transfer it"


def test_of_two_near_words_the_commoner_wins():
    assert SPELLING.correct("balancs") == "balance"


def test_the_projects_words_come_before_others():
    assert Spelling({"horse": -5.0}, {"house": 0}).correct("hosse") == "horse"
    assert SPELLING.correct("housee") == "house"


def test_real_words_short_words_and_numbers_are_left_alone():
    for text in ("form", "car", "transfer1", "12345", "我想查"):
        assert SPELLING.correct(text) == text


def test_a_word_within_a_longer_one_is_not_touched():
    assert SPELLING.correct("xcardx crad") == "xcardx card"
    assert SPELLING.correct("transfer ransfer") == "transfer transfer"
    assert SPELLING.correct("xbalancs balancs") == "xbalancs balance"


def test_of_noise_a_few_words_are_mended_and_the_project_s_are_read():
    noise = " ".join("".join("abcdefghij"[int(digit)] for digit in str(10_000_000 + 7919 * n)) for n in range(400))
    assert SPELLING.correct(f"trasnfer {noise} card").endswith(" card")
    assert SPELLING.correct(f"trasnfer {noise}").startswith("transfer ")
    assert SPELLING.correct(f"{noise} trasnfer").endswith(" trasnfer")
    assert calls(noise) < 3 * calls(noise[:320])


def test_real_and_repeated_words_do_not_use_up_what_is_mended():
    for filler in ("house ", "qwxzvk "):
        assert SPELLING.correct(f"{filler * 50}trasnfer") == f"{filler * 50}transfer"


def calls(text):
    """The number of function calls to correct a text of unknown words."""
    made = 0

    def count(frame, event, argument):
        nonlocal made
        made += event in {"call", "c_call"}

    spelling = Spelling(OURS, REAL)
    sys.setprofile(count)
    try:
        spelling.correct(text)
    finally:
        sys.setprofile(None)
    return made


@given(st.text())
def test_takes_any_text(text):
    SPELLING.correct(text)
