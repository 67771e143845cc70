from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content import Component, Content, Example, NluData
from bot.errors import ConfigurationError
from bot.nlu import Model, train
from bot.nlu.components import ComponentFailed
from bot.nlu.features import Features, make_features
from bot.nlu.kernel import Kernel
from bot.nlu.tfidf import Tfidf
from bot.nlu.vectors import StaticVectors, pieces

NOW = datetime(2026, 11, 3, 10, 0, tzinfo=UTC)
TEXTS = [
    "what is my balance",
    "send money to my sister",
    "hello",
    "hello there",
    "",
    "i lost my card",
    "my card is lost",
]
FEATURES = make_features(Tfidf.fit(TEXTS), [], "en")


def test_a_text_is_like_itself_and_less_like_others():
    gram = Kernel(FEATURES.of(TEXTS)).gram
    known = [i for i, text in enumerate(TEXTS) if text]
    np.testing.assert_allclose(np.diag(gram)[known], 1, atol=1e-5)
    np.testing.assert_allclose(gram, gram.T, atol=1e-6)
    assert gram[2, 3] > gram[2, 0]
    assert gram[5, 6] > gram[5, 1]


def test_similarities_of_one_message_are_those_of_the_whole():
    rows = FEATURES.of(TEXTS)
    vector = FEATURES.one("where is my card")
    whole = rows.across(FEATURES.of(["where is my card"]))[:, 0]
    near = rows.similarities(vector, [(0, 4), (4, 5), (5, 7)])
    np.testing.assert_allclose(near, whole, atol=1e-5)


def test_a_row_before_an_empty_one_keeps_its_last_entry():
    rows = FEATURES.of(TEXTS)
    for text in TEXTS:
        whole = rows.across(FEATURES.of([text]))[:5, 0]
        np.testing.assert_allclose(rows.similarities(FEATURES.one(text), [(0, 5)]), whole, atol=1e-5)


def test_the_operator_for_large_data_is_the_gram_matrix():
    rows = FEATURES.of(TEXTS * 3)
    right = np.random.default_rng(0).normal(size=(len(rows), 4)).astype(np.float32)
    small, large = Kernel(rows), Kernel(rows, in_memory=0)
    np.testing.assert_allclose(small.product()(right), large.product()(right), atol=1e-3)
    some = np.array([3, 1, 8])
    np.testing.assert_allclose(small.product(some)(right[:3]), large.product(some)(right[:3]), atol=1e-3)
    np.testing.assert_allclose(small.across(some, some), large.across(some, some), atol=1e-5)


def test_word_features_never_meet_character_features():
    tfidf = Tfidf.fit(["=or wor", "w or"])
    indices, _ = tfidf.row("=or wor w or")
    assert len(indices) == len(set(indices.tolist()))


def test_words_and_characters_have_half_of_the_similarity_each():
    indices, weights = FEATURES.tfidf.row("what is my balance")
    words = len(FEATURES.tfidf.words())
    assert 0.49 < float(weights @ weights) / 2 < 0.51
    assert words > 5
    assert len(indices)


def test_pieces_are_the_longest_known_from_the_left():
    vocabulary = {"un": 0, "##know": 1, "##n": 2, "unk": 3, "##nown": 4}
    assert pieces("unknown", vocabulary) == [3, 4]
    assert pieces("äun", vocabulary) == [2]


def test_static_vectors_know_words_that_no_example_has():
    vectors = StaticVectors().features(["i lost my card", "my card was stolen", "play some jazz"])
    assert vectors[0] @ vectors[1] > 2 * (vectors[0] @ vectors[2])


def test_a_pair_of_words_means_more_than_its_words():
    vectors = StaticVectors()
    pair, whole, part = vectors.features(["give up", "quit", "receive"])
    assert pair @ whole > pair @ part
    pair, whole, part = map(vectors.apart, ("give up", "quit", "receive"))
    assert pair @ whole < pair @ part


def test_a_text_has_the_same_vector_alone_among_others_and_after_many_others():
    vectors = StaticVectors()
    first = vectors.features(TEXTS)
    vectors.features([f"{word} {i} and how much is it" for word in ("top", "pay") for i in range(1_500)])
    assert all(np.array_equal(vectors.features([text])[0], row) for text, row in zip(TEXTS, first, strict=True))


@given(st.text())
def test_any_text_has_a_static_vector_of_length_one_or_none(text):
    vector = StaticVectors().features([text])[0]
    assert abs(float(vector @ vector) - 1) < 1e-4 or not vector.any()


def test_nothing_known_is_a_zero():
    assert not Features(Tfidf.fit(["a b"]), [StaticVectors()]).one("我想").known


class Lengths:
    """A plugin's featurizer that is almost useless."""

    version = "1"

    def __init__(self, share):
        self.share = share

    def features(self, texts):
        return np.ones((len(texts), 1), np.float32)


def test_static_vectors_take_the_room_that_plugins_leave():
    shares = [[s.share for s in make_features(FEATURES.tfidf, [Lengths(x)], "en").sources] for x in (0.2, 0.65)]
    assert shares == [[0.2, pytest.approx(0.5)], [0.65]]
    gram = Kernel(make_features(FEATURES.tfidf, [Lengths(0.2)], "en").of(TEXTS)).gram
    np.testing.assert_allclose(np.diag(gram)[:4], 1, atol=1e-5)


@given(st.text())
def test_any_text_has_features_of_at_most_unit_length(text):
    vector = FEATURES.one(text)
    length = float(vector.weights @ vector.weights + vector.dense @ vector.dense)
    assert length < 1.001


GERMAN = [
    "wie hoch ist mein Kontostand",
    "überweise meiner Schwester Geld",
    "ich habe meine Karte verloren",
    "wann hat die Filiale geöffnet",
    "guten Tag",
    "Halt, abbrechen",
]


@pytest.mark.parametrize(
    ("texts", "language", "english"),
    [
        (TEXTS, "en", True),
        (TEXTS, "de", False),
        (GERMAN, "de", False),
        (GERMAN, "en", False),
        (["我想查余额", "你好", "转账给妈妈"], "en", False),
        (["👍", "42"], "en", True),
        ([*TEXTS, "Grüße", "ja"], "en", True),
    ],
)
def test_static_vectors_and_english_words_are_for_english_alone(texts, language, english):
    features = make_features(Tfidf.fit(texts), [], language)
    assert (not features.left_out) is english
    assert any(isinstance(source, StaticVectors) for source in features.sources) is english
    assert (features.spelling.correct("recieve") == "receive") is english


def test_a_project_is_told_by_its_commonest_words():
    rare = [f"{letter}xqz{other}" for letter in "bcdfgh" for other in "jklmnp"]
    common = ["my card is lost", "send money to my sister"] * 3
    assert make_features(Tfidf.fit([*common, " ".join(rare)]), [], "en").left_out
    many = [f"{word} account" for word in StaticVectors().vocabulary if word.isalpha() and len(word) > 5][:300]
    rare = [f"{one}{other}" for one in rare for other in rare[:9]]
    assert not make_features(Tfidf.fit([*many, *many, " ".join(rare)]), [], "en").left_out


class German(Lengths):
    language = "de"


@pytest.mark.parametrize(
    ("texts", "language", "names"),
    [
        (GERMAN, "de", ["German", "Lengths"]),
        (GERMAN, "en", ["Lengths"]),
        (TEXTS, "en", ["Lengths", "StaticVectors"]),
    ],
)
def test_a_featurizer_of_one_language_has_a_part_in_that_alone(texts, language, names):
    features = make_features(Tfidf.fit(texts), [German(0.2), Lengths(0.2)], language)
    assert [type(source).__name__ for source in features.sources] == names
    gram = Kernel(features.of(texts)).gram
    np.testing.assert_allclose(np.diag(gram)[:4], 1, atol=1e-5)


def test_shares_that_leave_no_room_are_refused_with_their_names():
    with pytest.raises(
        ConfigurationError, match=r"shares of Lengths and Lengths add up to 1\.2; they can be at most 1"
    ):
        make_features(FEATURES.tfidf, [Lengths(0.6), Lengths(0.6)], "en")
    make_features(FEATURES.tfidf, [Lengths(0.7), Lengths(0.3)], "en")


class Given(Lengths):
    """Returns what it was given."""

    def __init__(self, made):
        self.share = 0.1
        self.made = made

    def features(self, texts):
        return self.made


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ([[1.0], [0.0]], "returned a list, not an array"),
        (None, "returned a NoneType, not an array"),
        (np.ones(2, np.float32), r"returned the shape \(2,\) for texts \(2,\)"),
        (np.ones((3, 1), np.float32), r"returned the shape \(3, 1\) for texts \(2,\)"),
        (np.full((2, 1), np.nan, np.float32), "numbers that are not finite"),
        (np.array([["a"], ["b"]]), "could not convert"),
    ],
)
def test_a_featurizer_that_gives_no_rows_of_numbers_is_named(made, told):
    with pytest.raises(ComponentFailed, match=f"component Given raised .*{told}"):
        make_features(FEATURES.tfidf, [Given(made)], "en").of(["one", "two"])


def test_double_precision_is_made_single():
    assert make_features(FEATURES.tfidf, [Given(np.ones((1, 2)))], "en").one("one").dense.dtype == np.float32


def test_a_message_has_as_many_columns_as_the_examples_had(tmp_path):
    width = 2

    class Wide(Lengths):
        def features(self, texts):
            return np.ones((len(texts), width), np.float32)

    examples = tuple(Example(f"{word} {i}", word) for word in ("hello", "bye") for i in range(3))
    content = Content(nlu=NluData(examples), pipeline=(Component("DIETClassifier"), Component("Wide")))
    offered = {"Wide": lambda options: Wide(0.1)}
    model = train(content, components=offered)
    model.save(tmp_path)
    kept = Model.load(tmp_path, components=offered)
    assert kept.parse("hello", NOW).intent_name == model.parse("hello", NOW).intent_name == "hello"
    width = 3
    for one in (model, Model.load(tmp_path, components=offered)):
        with pytest.raises(ComponentFailed, match="returned 3 columns, but 2 when the matcher was trained"):
            one.parse("hello", NOW)
