"""The semantic pack; its encoder needs onnxruntime."""

import sys
from pathlib import Path

import numpy as np
import pytest

from bot.content import Component, Content, Example, NluData
from bot.nlu import Model, train
from bot.nlu.evaluation import NOW, likeliest

pytest.importorskip("onnxruntime", reason="the semantic pack's onnxruntime is not installed")
PACK = Path(__file__).parents[2] / "packs" / "semantic"
PIPELINE = (
    Component("SemanticFeaturizer", {"share": 0.6}),
    Component("IntentMatcher"),
    Component("FallbackClassifier"),
)
EXAMPLES = {
    "lost_card": ["i lost my card", "my card was stolen", "someone took my bank card"],
    "balance": ["what is my balance", "how much money do i have", "show my account balance"],
}


@pytest.fixture(scope="module")
def pack():
    sys.path.insert(0, str(PACK))
    yield __import__("bot_semantic")
    sys.path.remove(str(PACK))


@pytest.fixture(scope="module")
def offered(pack):
    found = {}
    pack.register_nlu_components(found.__setitem__)
    return found


def test_registered_featurizer_does_not_load_the_encoder(offered):
    assert offered["SemanticFeaturizer"]({"share": 0.5}).share == 0.5
    assert offered["SemanticFeaturizer"]({})._opened is None


def test_paraphrases_are_similar_and_layers_have_unit_length(offered):
    featurizer = offered["SemanticFeaturizer"]({})
    layers = featurizer.features(["my card was stolen", "someone nicked my debit card", "play jazz"])
    np.testing.assert_allclose(np.linalg.norm(layers.reshape(3, -1, featurizer.width), axis=2), 1, atol=1e-3)
    vectors = layers[:, : featurizer.width]
    assert vectors[0] @ vectors[1] > 0.6 > 0.3 > vectors[0] @ vectors[2]


def test_vector_of_a_text_does_not_depend_on_its_batch(offered):
    featurizer = offered["SemanticFeaturizer"]({})
    together = featurizer.features(["hello", "what is the balance of my savings account", ""])
    np.testing.assert_array_equal(featurizer.features(["hello"])[0], together[0])


def test_any_text_has_finite_features(offered):
    texts = ["", "\x00", "\ud800", "a" * 100_000, "我" * 5000, "🙂\u200b", "İ̇" * 100]
    assert np.isfinite(offered["SemanticFeaturizer"]({}).features(texts)).all()


def test_loaded_model_with_the_encoder_gives_the_same_parses(offered, tmp_path):
    examples = tuple(Example(text, intent) for intent, texts in EXAMPLES.items() for text in texts)
    model = train(Content(nlu=NluData(examples), pipeline=PIPELINE), components=offered)
    assert likeliest(model.parse("a pickpocket got my visa", NOW))[0] == "lost_card"
    model.save(tmp_path)
    again = Model.load(tmp_path, offered)
    assert again.features.sources[0].share == 0.6
    assert again.parse("funds available?", NOW) == model.parse("funds available?", NOW)
