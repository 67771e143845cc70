import numpy as np

from bot.content import Component, Content, Example, NluData
from bot.nlu import Model, train
from bot.nlu.adapter import Adapter
from bot.nlu.evaluation import NOW
from bot.nlu.features import make_features
from bot.nlu.kernel import Kernel
from bot.nlu.tfidf import Tfidf

LABELS = np.arange(40) % 2
MORE = np.random.default_rng(2).normal(size=(40, 3)).astype(np.float32)
MORE[:, 1] += np.where(LABELS, 2, -2)
NOTHING = np.zeros((40, 0), np.float32)


def random_vectors():
    """Vectors that do not distinguish the labels; only the second column of `MORE` does."""
    found = np.random.default_rng(1).normal(size=(40, 6)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def separation(dense):
    same = LABELS[:, None] == LABELS
    cosines = dense @ dense.T
    return cosines[same].mean() - cosines[~same].mean()


def test_bending_moves_examples_of_the_same_intent_closer_together():
    adapter = Adapter.fit(random_vectors(), MORE, LABELS, 2, seed=0)
    assert adapter.weights.shape == (9, 6)
    assert separation(adapter.bend(random_vectors(), MORE)) > separation(random_vectors())


def test_bending_preserves_vector_lengths_and_zero_vectors():
    adapter = Adapter.fit(random_vectors(), MORE, LABELS, 2, seed=0)
    some = random_vectors() * np.linspace(0, 1, 40, dtype=np.float32)[:, None]
    bent = adapter.bend(some, MORE)
    np.testing.assert_allclose(np.linalg.norm(bent, axis=1), np.linalg.norm(some, axis=1), atol=1e-6)
    assert not bent[0].any()


def test_vectors_without_extra_columns_are_unchanged():
    adapter = Adapter.fit(random_vectors(), NOTHING, LABELS, 2, seed=0)
    np.testing.assert_array_equal(adapter.bend(random_vectors(), NOTHING), random_vectors())


def test_adapter_is_finite_when_a_label_has_no_examples():
    assert np.isfinite(Adapter.fit(random_vectors(), MORE, LABELS, 3, seed=0).weights).all()


class LayeredFeaturizer:
    """A plugin's featurizer with a vector of two columns, and three more."""

    share, version, width = 0.65, "1", 2

    def features(self, texts):
        return np.tile(np.array([1, 0, 0, 1, 0], np.float32), (len(texts), 1))


def test_extra_columns_of_a_layered_featurizer_do_not_affect_similarity():
    features = make_features(Tfidf.fit(["hello", "bye"]), [LayeredFeaturizer()], "en")
    rows = features.of(["hello", "bye"])
    assert (rows.dense.shape, rows.more.shape) == ((2, 2), (2, 3))
    np.testing.assert_allclose(np.diag(Kernel(rows).gram), 1, atol=1e-5)
    vector = features.one("hello")
    np.testing.assert_array_equal(vector.dense, rows.dense[0])
    np.testing.assert_array_equal(vector.more, rows.more[0])


class InformativeLowerLayers:
    """A plugin's featurizer whose vector carries no information, and whose other columns say what a text asks for."""

    share, version, width = 0.9, "1", 2

    def features(self, texts):
        asked = [[1, 0.1 * len(text), "money" in text, "card" in text] for text in texts]
        rows = np.array(asked, np.float32)
        rows[:, :2] /= np.linalg.norm(rows[:, :2], axis=1, keepdims=True)
        return rows


def test_loaded_model_with_bent_vectors_gives_the_same_parses(tmp_path):
    verbs = ("send", "lose", "want", "find", "see")
    examples = tuple(Example(f"{v} {thing}", thing) for thing in ("money", "card") for v in verbs)
    content = Content(nlu=NluData(examples), pipeline=(Component("InformativeLowerLayers"), Component("IntentMatcher")))
    model = train(content, components={"InformativeLowerLayers": lambda options: InformativeLowerLayers()})
    model.save(tmp_path)
    again = Model.load(tmp_path, {"InformativeLowerLayers": lambda options: InformativeLowerLayers()})
    assert again.classifier.adapter.weights.shape == (4, 2)
    assert model.parse("take money", NOW) == again.parse("take money", NOW)
    assert again.parse("take money", NOW).intent_name == "money"
