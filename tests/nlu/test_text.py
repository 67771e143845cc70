import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.text import MAX_CHARACTERS, char_ngrams, normalise, words


def normalised_words(text):
    return [word for word, _ in words(normalise(text))]


def test_normalising_removes_case_accents_and_zero_width_characters():
    assert normalise("Cafe\u0301 \ufeffTra\u200bnsfer") == normalise("CAFÉ transfer") == "cafe transfer"


@pytest.mark.parametrize("text", ["hi\0there", "hé\x85là", "hi\x1b\x07there"])
def test_control_characters_separate_words(text):
    assert len(normalised_words(text)) == 2


def test_case_sensitive_normalising_keeps_case():
    assert normalise("Apple", case_sensitive=True) == "Apple"


def test_apostrophes_join_words_and_punctuation_is_separate():
    assert normalised_words("I can't, really!") == ["i", "can't", ",", "really", "!"]


@pytest.mark.parametrize("text", ["我想查余额", "残高を教えて", "ยอดเงินคงเหลือ"])
def test_words_of_scripts_without_spaces_are_marked(text):
    assert [unspaced for _, unspaced in words(normalise(text))] == [True]


def test_latin_words_are_separate_within_scripts_without_spaces():
    assert normalised_words("我想查balance余额") == ["我想查", "balance", "余额"]


def test_vowel_marks_of_indic_scripts_are_kept():
    assert normalise("हिन्दी") == "हिन्दी"
    assert normalised_words("नमस्ते दुनिया") == ["नमस्ते", "दुनिया"]
    assert normalised_words("தமிழ் மொழி") == ["தமிழ்", "மொழி"]


def test_optional_vowel_points_and_variation_selectors_are_removed():
    assert normalised_words("مَرْحَبًا") == ["مرحبا"]
    assert normalised_words("שָׁלוֹם") == ["שלום"]
    assert normalise("❤️") == normalise("❤")


def test_character_ngrams_are_padded_with_spaces():
    assert char_ngrams("ab") == (" a", "ab", "b ", " ab", "ab ", " ab ")


@given(st.text(alphabet=st.characters()))
def test_normalising_twice_changes_nothing(text):
    once = normalise(text)
    assert normalise(once) == once or len(text) > MAX_CHARACTERS
    words(once)


def test_length_of_normalised_text_is_limited():
    assert len(normalise("\ufdfa" * 1_000_000)) <= 4 * MAX_CHARACTERS
    assert len(normalise("word " * 250_000)) <= MAX_CHARACTERS
