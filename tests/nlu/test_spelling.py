import sys

from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.spelling import Spelling

PROJECT_WORDS = {"transfer": -1.0, "balance": -2.0, "balances": -3.0, "card": -1.0}
REAL_WORDS = {"house": 0, "form": 1, "horse": 2}
SPELLING = Spelling(PROJECT_WORDS, REAL_WORDS)


def test_word_with_a_typing_error_is_corrected():
    for slip in ("trasnfer", "tranfer", "transferr", "trabsfer"):
        assert SPELLING.correct(f"please {slip} it") == "please transfer it"


def test_commoner_of_two_candidates_is_chosen():
    assert SPELLING.correct("balancs") == "balance"


def test_words_of_the_project_are_preferred_to_other_words():
    assert Spelling({"horse": -5.0}, {"house": 0}).correct("hosse") == "horse"
    assert SPELLING.correct("housee") == "house"


def test_missing_space_between_two_words_of_the_project_is_put_back():
    assert SPELLING.correct("my cardbalance") == "my card balance"
    assert SPELLING.correct("cardhouse") == "cardhouse"


def test_slip_in_one_word_is_preferred_to_a_missing_space():
    spelling = Spelling({"over": -1.0, "all": -1.0, "overalls": -5.0}, {})
    assert spelling.correct("overal") == "overal"
    assert spelling.correct("overall") == "overalls"


def test_commonest_two_words_are_chosen_if_there_are_several():
    spelling = Spelling({"hit": -5.0, "here": -2.0, "hi": -1.0, "there": -2.0}, {})
    assert spelling.correct("hithere") == "hi there"


def test_real_words_short_words_and_numbers_are_unchanged():
    for text in ("form", "car", "transfer1", "12345", "我想查"):
        assert SPELLING.correct(text) == text


def test_part_of_a_longer_word_is_not_corrected():
    assert SPELLING.correct("xcardx crad") == "xcardx card"
    assert SPELLING.correct("transfer ransfer") == "transfer transfer"
    assert SPELLING.correct("xbalancs balancs") == "xbalancs balance"


def test_number_of_corrections_per_message_is_limited():
    noise = " ".join("".join("abcdefghij"[int(digit)] for digit in str(10_000_000 + 7919 * n)) for n in range(400))
    assert SPELLING.correct(f"trasnfer {noise} card").endswith(" card")
    assert SPELLING.correct(f"trasnfer {noise}").startswith("transfer ")
    assert SPELLING.correct(f"{noise} trasnfer").endswith(" trasnfer")
    assert count_calls(noise) < 3 * count_calls(noise[:320])


def test_real_and_repeated_words_do_not_count_towards_the_limit():
    for filler in ("house ", "qwxzvk "):
        assert SPELLING.correct(f"{filler * 50}trasnfer") == f"{filler * 50}transfer"


def count_calls(text):
    """The number of function calls to correct a text of unknown words."""
    made = 0

    def count(frame, event, argument):
        nonlocal made
        made += event in {"call", "c_call"}

    spelling = Spelling(PROJECT_WORDS, REAL_WORDS)
    sys.setprofile(count)
    try:
        spelling.correct(text)
    finally:
        sys.setprofile(None)
    return made


@given(st.text())
def test_any_text_can_be_corrected(text):
    SPELLING.correct(text)
