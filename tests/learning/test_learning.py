import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.learning import (
    ModelError,
    Product,
    Rows,
    expected_calibration_error,
    fit_logistic,
    fit_softmax,
    log_softmax,
    read_folder,
    reliability,
    sigmoid,
    softmax,
    write_folder,
)


def sparse(dense):
    return Rows.stack([(np.flatnonzero(r).astype(np.int32), r[np.flatnonzero(r)]) for r in dense], dense.shape[1])


def random_dense(seed=0, n=80, width=120, share=0.2):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, width)) * (rng.random((n, width)) < share)).astype(np.float32)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.2, 0.9])
def test_sparse_operations_match_dense_ones(share):
    dense = random_dense(share=share)
    rows = sparse(dense)
    right = np.random.default_rng(1).normal(size=(120, 3)).astype(np.float32)
    np.testing.assert_array_equal(rows.dense(), dense)
    np.testing.assert_array_equal(rows.transposed().dense(), dense.T)
    np.testing.assert_allclose(rows.dot(right), dense @ right, atol=1e-4)
    np.testing.assert_allclose(rows.gram(), dense @ dense.T, atol=1e-4)
    np.testing.assert_allclose(Product(rows)(right[:80]), dense @ dense.T @ right[:80], atol=1e-3)
    np.testing.assert_array_equal(rows.keep(np.array([3, 7, 50])).dense(), dense[:, [3, 7, 50]])
    np.testing.assert_array_equal(rows.take(np.array([5, 5, 0])).dense(), dense[[5, 5, 0]])


def test_softmax_regression_reaches_the_optimum():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 5)).astype(np.float32)
    labels = np.argmax(x[:, :3] + rng.normal(size=(60, 3)), axis=1)
    gram, l2 = x @ x.T, 0.01
    weights = fit_softmax(lambda right: gram @ right, labels, 3, l2=l2, tolerance=1e-4)
    p = softmax(gram @ weights)
    gradient = gram @ ((p - np.eye(3)[labels]) / 60 + l2 * weights)
    assert np.abs(gradient).max() < 1e-4


def test_softmax_does_not_overflow():
    scores = np.array([[1e4, 0.0, -1e4]], np.float32)
    np.testing.assert_allclose(softmax(scores), [[1, 0, 0]])
    assert np.isfinite(log_softmax(scores)).all()


def test_logistic_regression_recovers_the_generating_weights():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20_000, 1))
    right = rng.random(20_000) < sigmoid(2 * x[:, 0] - 1)
    slope, constant = fit_logistic(x, right)
    assert abs(slope - 2) < 0.1
    assert abs(constant + 1) < 0.1


@given(
    st.lists(st.tuples(st.floats(-12, 2), st.booleans(), st.floats(0.01, 1)), min_size=1, max_size=40),
    st.tuples(st.floats(-3, 3), st.floats(-10, 10)),
)
def test_logistic_regression_reaches_the_optimum_however_far_it_begins(samples, prior):
    x = np.array([[feature] for feature, _, _ in samples])
    right, weights = np.array([r for _, r, _ in samples], float), np.array([w for _, _, w in samples])
    found = fit_logistic(x, right, weights, prior=prior, strength=(5.0, 2.0))
    missing = weights * (sigmoid(x[:, 0] * found[0] + found[1]) - right)
    gradient = np.array([missing @ x[:, 0], missing.sum()]) + np.array([5.0, 2.0]) * (found - prior)
    assert np.abs(gradient).max() < 1e-5


def test_logistic_regression_is_finite_on_separable_data():
    assert np.isfinite(fit_logistic(np.array([[0.0], [1.0]]), [0, 1])).all()


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=50))
def test_calibration_error_is_between_zero_and_one(pairs):
    confidences, right = [c for c, _ in pairs], [r for _, r in pairs]
    assert 0 <= expected_calibration_error(confidences, right) <= 1
    assert sum(b.count for b in reliability(confidences, right)) == len(pairs)


def test_calibration_error_of_certain_but_half_right_predictions():
    assert expected_calibration_error([1.0, 1.0], [True, False]) == 0.5


def test_folder_returns_the_written_facts_and_arrays(tmp_path):
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.empty(0, np.int32)}
    write_folder(tmp_path / "new", {"x": [1, "é"]}, arrays)
    facts, found = read_folder(tmp_path / "new")
    assert facts == {"x": [1, "é"]}
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert not found[name].flags.writeable


@pytest.mark.parametrize("damage", ["change", "remove", "no index", "nonsense"])
def test_damaged_folder_is_rejected_with_a_remedy(tmp_path, damage):
    write_folder(tmp_path, {}, {"a": np.zeros(3)})
    index = tmp_path / "model.json"
    if damage == "change":
        (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-1] + b"x")
    elif damage == "remove":
        (tmp_path / "a.npy").unlink()
    elif damage == "no index":
        index.unlink()
    else:
        index.write_text(json.dumps(["nothing"]))
    with pytest.raises(ModelError, match="bot train"):
        read_folder(tmp_path)
