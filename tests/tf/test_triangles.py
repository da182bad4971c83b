"""What no case can say about LU factors: TensorFlow has no gradient of them."""

from __future__ import annotations

import numpy as np
import pytest

import gradtape as gt
import gradtape.tf as tf
from gradtape.tf.errors import InvalidArgumentError

MATRICES = np.array([[[0.1, 2.0], [3.0, -1.0]], [[4.0, 0.5], [1.0, 2.0]]])


def test_gradient_through_row_exchanges() -> None:
    weights = np.array([[0.3, -1.0], [2.0, 0.7]])
    loss = lambda a: np.sum(tf.linalg.lu(tf.convert_to_tensor(a)).lu * weights)  # noqa: E731
    gt.check_gradients(loss, MATRICES)


def test_a_solution_does_not_depend_on_how_it_was_found() -> None:
    a, b = tf.constant(MATRICES), tf.constant(MATRICES[::-1].copy())
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([a, b])
        direct = tf.reduce_sum(tf.linalg.solve(a, b) ** 2)
        factored = tf.reduce_sum(tf.linalg.lu_solve(*tf.linalg.lu(a), b) ** 2)
        again = tf.reduce_sum(tf.linalg.lu_reconstruct(*tf.linalg.lu(a)) * MATRICES)
    pairs = zip(tape.gradient(direct, [a, b]), tape.gradient(factored, [a, b]), strict=True)
    for one, other in pairs:
        np.testing.assert_allclose(one, other, rtol=1e-9)
    np.testing.assert_allclose(tape.gradient(again, a), MATRICES, rtol=1e-12)


def test_a_singular_matrix_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="not singular"):
        tf.linalg.lu(tf.constant([[0.0, 0.0], [1.0, 2.0]]))


def test_linear_operators_are_named_as_missing() -> None:
    with pytest.raises(AttributeError, match="LinearOperatorDiag"):
        tf.linalg.LinearOperatorDiag  # noqa: B018
