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


def test_text_is_most_similar_to_itself():
    gram = Kernel(FEATURES.of(TEXTS)).gram
    known = [i for i, text in enumerate(TEXTS) if text]
    np.testing.assert_allclose(np.diag(gram)[known], 1, atol=1e-5)
    np.testing.assert_allclose(gram, gram.T, atol=1e-6)
    assert gram[2, 3] > gram[2, 0]
    assert gram[5, 6] > gram[5, 1]


def test_similarities_to_ranges_equal_those_to_all_rows():
    rows = FEATURES.of(TEXTS)
    vector = FEATURES.one("where is my card")
    whole = rows.across(FEATURES.of(["where is my card"]))[:, 0]
    near = rows.similarities(vector, [(0, 4), (4, 5), (5, 7)])
    np.testing.assert_allclose(near, whole, atol=1e-5)


def test_row_before_an_empty_row_keeps_its_last_entry():
    rows = FEATURES.of(TEXTS)
    for text in TEXTS:
        whole = rows.across(FEATURES.of([text]))[:5, 0]
        np.testing.assert_allclose(rows.similarities(FEATURES.one(text), [(0, 5)]), whole, atol=1e-5)


def test_kernel_of_large_data_equals_the_gram_matrix():
    rows = FEATURES.of(TEXTS * 3)
    right = np.random.default_rng(0).normal(size=(len(rows), 4)).astype(np.float32)
    small, large = Kernel(rows), Kernel(rows, in_memory=0)
    np.testing.assert_allclose(small.product()(right), large.product()(right), atol=1e-3)
    some = np.array([3, 1, 8])
    np.testing.assert_allclose(small.product(some)(right[:3]), large.product(some)(right[:3]), atol=1e-3)
    np.testing.assert_allclose(small.across(some, some), large.across(some, some), atol=1e-5)


def test_word_and_character_features_never_collide():
    tfidf = Tfidf.fit(["=or wor", "w or"])
    indices, _ = tfidf.row("=or wor w or")
    assert len(indices) == len(set(indices.tolist()))


def test_words_and_characters_each_make_up_half_of_the_similarity():
    indices, weights = FEATURES.tfidf.row("what is my balance")
    is_word = np.array([ngram.startswith("\x1f") for ngram in FEATURES.tfidf.vocabulary])[indices]
    for part in (weights[is_word], weights[~is_word]):
        assert part @ part == pytest.approx(0.5)


def test_pieces_are_the_longest_known_ones_from_the_left():
    vocabulary = {"un": 0, "##know": 1, "##n": 2, "unk": 3, "##nown": 4}
    assert pieces("unknown", vocabulary) == [3, 4]
    assert pieces("äun", vocabulary) == [2]


def test_static_vectors_relate_paraphrases():
    vectors = StaticVectors().features(["i lost my card", "my card was stolen", "play some jazz"])
    assert vectors[0] @ vectors[1] > 2 * (vectors[0] @ vectors[2])


def test_word_pair_has_a_meaning_beyond_its_words():
    vectors = StaticVectors()
    pair, whole, part = vectors.features(["give up", "quit", "receive"])
    assert pair @ whole > pair @ part
    pair, whole, part = map(vectors.apart, ("give up", "quit", "receive"))
    assert pair @ whole < pair @ part


def test_vector_of_a_text_does_not_depend_on_other_texts():
    vectors = StaticVectors()
    first = vectors.features(TEXTS)
    vectors.features([f"{word} {i} and how much is it" for word in ("top", "pay") for i in range(1_500)])
    assert all(np.array_equal(vectors.features([text])[0], row) for text, row in zip(TEXTS, first, strict=True))


@given(st.text())
def test_static_vector_of_any_text_has_length_one_or_zero(text):
    vector = StaticVectors().features([text])[0]
    assert abs(float(vector @ vector) - 1) < 1e-4 or not vector.any()


def test_text_of_unknown_words_has_no_known_features():
    vector = Features(Tfidf.fit(["a b"]), [StaticVectors()]).one("我想")
    assert not vector.indices.size
    assert not vector.dense.any()


class ConstantFeaturizer:
    """A plugin's featurizer that is almost useless."""

    version = "1"

    def __init__(self, share):
        self.share = share

    def features(self, texts):
        return np.ones((len(texts), 1), np.float32)


def test_static_vectors_get_the_share_that_plugins_leave():
    for share, shares in ((0.2, [0.2, pytest.approx(0.5)]), (0.65, [0.65])):
        features = make_features(FEATURES.tfidf, [ConstantFeaturizer(share)], "en")
        assert [source.share for source in features.sources] == shares
    gram = Kernel(make_features(FEATURES.tfidf, [ConstantFeaturizer(0.2)], "en").of(TEXTS)).gram
    np.testing.assert_allclose(np.diag(gram)[:4], 1, atol=1e-5)


@given(st.text())
def test_features_of_any_text_have_at_most_unit_length(text):
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
def test_static_vectors_and_spelling_are_used_only_for_english(texts, language, english):
    features = make_features(Tfidf.fit(texts), [], language)
    assert (not features.left_out) is english
    assert any(isinstance(source, StaticVectors) for source in features.sources) is english
    assert (features.spelling.correct("recieve") == "receive") is english


def test_commonest_words_decide_whether_a_project_is_english():
    rare = [f"{letter}xqz{other}" for letter in "bcdfgh" for other in "jklmnp"]
    common = ["my card is lost", "send money to my sister"] * 3
    assert make_features(Tfidf.fit([*common, " ".join(rare)]), [], "en").left_out
    many = [f"{word} account" for word in StaticVectors().vocabulary if word.isalpha() and len(word) > 5][:300]
    rare = [f"{one}{other}" for one in rare for other in rare[:9]]
    assert not make_features(Tfidf.fit([*many, *many, " ".join(rare)]), [], "en").left_out


class GermanFeaturizer(ConstantFeaturizer):
    language = "de"


@pytest.mark.parametrize(
    ("texts", "language", "names"),
    [
        (GERMAN, "de", ["GermanFeaturizer", "ConstantFeaturizer"]),
        (GERMAN, "en", ["ConstantFeaturizer"]),
        (TEXTS, "en", ["ConstantFeaturizer", "StaticVectors"]),
    ],
)
def test_monolingual_featurizer_is_used_only_for_its_language(texts, language, names):
    features = make_features(Tfidf.fit(texts), [GermanFeaturizer(0.2), ConstantFeaturizer(0.2)], language)
    assert [type(source).__name__ for source in features.sources] == names
    gram = Kernel(features.of(texts)).gram
    np.testing.assert_allclose(np.diag(gram)[:4], 1, atol=1e-5)


def test_shares_above_one_are_rejected_with_the_featurizers_names():
    with pytest.raises(
        ConfigurationError,
        match=r"shares of ConstantFeaturizer and ConstantFeaturizer add up to 1\.2; they can be at most 1",
    ):
        make_features(FEATURES.tfidf, [ConstantFeaturizer(0.6), ConstantFeaturizer(0.6)], "en")
    make_features(FEATURES.tfidf, [ConstantFeaturizer(0.7), ConstantFeaturizer(0.3)], "en")


class FixedFeatures(ConstantFeaturizer):
    """Returns the same result for any texts."""

    def __init__(self, result):
        self.share = 0.1
        self.result = result

    def features(self, texts):
        return self.result


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ([[1.0], [0.0]], "returned a list, not an array"),
        (None, "returned a NoneType, not an array"),
        (np.ones(2, np.float32), r"returned the shape \(2,\) for texts \(2,\)"),
        (np.ones((3, 1), np.float32), r"returned the shape \(3, 1\) for texts \(2,\)"),
        (np.full((2, 1), np.nan, np.float32), "numbers that are not finite"),
        (np.array([["a"], ["b"]]), "could not convert"),
    ],
)
def test_invalid_features_raise_an_error_that_names_the_featurizer(result, message):
    with pytest.raises(ComponentFailed, match=f"component FixedFeatures raised .*{message}"):
        make_features(FEATURES.tfidf, [FixedFeatures(result)], "en").of(["one", "two"])


def test_double_precision_features_become_single_precision():
    assert make_features(FEATURES.tfidf, [FixedFeatures(np.ones((1, 2)))], "en").one("one").dense.dtype == np.float32


def test_features_with_another_width_than_in_training_are_rejected(tmp_path):
    width = 2

    class Wide(ConstantFeaturizer):
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
