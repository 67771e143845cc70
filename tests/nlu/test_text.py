import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.text import MAX_CHARACTERS, char_ngrams, normalise, words


def plain(text):
    return [word for word, _ in words(normalise(text))]


def test_case_accents_and_zero_width_characters_do_not_count():
    assert normalise("Cafe\u0301 \ufeffTra\u200bnsfer") == normalise("CAFÉ transfer") == "cafe transfer"


def test_case_counts_when_asked():
    assert normalise("Apple", case_sensitive=True) == "Apple"


def test_an_apostrophe_stays_within_its_word_and_punctuation_stands_alone():
    assert plain("I can't, really!") == ["i", "can't", ",", "really", "!"]


@pytest.mark.parametrize("text", ["我想查余额", "残高を教えて", "ยอดเงินคงเหลือ"])
def test_scripts_without_spaces_are_marked_to_be_read_by_characters(text):
    assert [unspaced for _, unspaced in words(normalise(text))] == [True]


def test_latin_words_within_such_a_script_are_words_of_their_own():
    assert plain("我想查balance余额") == ["我想查", "balance", "余额"]


def test_marks_of_other_scripts_are_kept():
    assert normalise("हिन्दी") == "हिन्दी"
    assert plain("नमस्ते दुनिया") == ["नमस्ते", "दुनिया"]
    assert plain("தமிழ் மொழி") == ["தமிழ்", "மொழி"]


def test_points_that_people_leave_out_do_not_count():
    assert plain("مَرْحَبًا") == ["مرحبا"]
    assert plain("שָׁלוֹם") == ["שלום"]
    assert normalise("❤️") == normalise("❤")


def test_ngrams_are_padded_within_the_word():
    assert char_ngrams("ab", 2, 3) == (" a", "ab", "b ", " ab", "ab ")


@given(st.text(alphabet=st.characters()))
def test_any_text_normalises_to_itself_a_second_time(text):
    once = normalise(text)
    assert normalise(once) == once or len(text) > MAX_CHARACTERS
    words(once)


def test_what_is_read_of_a_message_is_bounded():
    assert len(normalise("\ufdfa" * 1_000_000)) <= 4 * MAX_CHARACTERS
    assert len(normalise("word " * 250_000)) <= MAX_CHARACTERS
