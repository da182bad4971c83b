"""Programs of SciPy, scikit-learn and array_api_extra on Tensors.

They need SCIPY_ARRAY_API=1 from the start: `test_array_api.py` runs this file in such a process.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from support import assert_gradient

import gradtape as gt

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 3))
Y = X @ np.array([1.0, -2.0, 0.5]) + RNG.normal(size=12) / 10
GUESS = Y + RNG.normal(size=12) / 3
LABELS = (Y > 0).astype(np.int64)
POSITIVE = np.abs(X[:4]) + 0.1


@pytest.fixture(autouse=True)
def _dispatch() -> Iterator[None]:
    import sklearn

    with sklearn.config_context(array_api_dispatch=True):
        yield


# -- SciPy --------------------------------------------------------------------------------------


def _scipy(name: str) -> Any:
    module, function = name.split(".")
    return getattr(importlib.import_module(f"scipy.{module}"), function)


@pytest.mark.parametrize(
    ("name", "array", "options"),
    [
        ("special.logsumexp", X, {"axis": 1}),
        ("special.softmax", X, {"axis": 1}),
        ("special.log_softmax", X, {"axis": 0}),
        ("stats.gmean", POSITIVE, {"axis": 1}),
        ("stats.skew", X, {"axis": 0}),
        ("stats.kurtosis", X, {"axis": 0}),
        ("stats.zscore", X, {"axis": 0}),
        ("stats.sem", X, {"axis": 0}),
        ("integrate.trapezoid", X, {"axis": 0}),
        ("optimize.rosen", X[0], {}),
    ],
)
def test_scipy(name: str, array: Any, options: dict[str, Any]) -> None:
    function = _scipy(name)

    def program(x: Any) -> Any:
        return function(x, **options)

    assert_gradient(program, array)
    np.testing.assert_allclose(program(gt.constant(array)).numpy(), program(array))


def test_logsumexp_with_weights() -> None:
    from scipy.special import logsumexp

    assert_gradient(lambda a, b: logsumexp(a, b=b), X, POSITIVE[0])


def test_logsumexp_has_the_softmax_as_its_gradient() -> None:
    from scipy.special import logsumexp, softmax

    x = gt.Variable(X)
    with gt.GradientTape() as tape:
        y = logsumexp(x)
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), softmax(X), rtol=1e-14)


def test_rotations() -> None:
    from scipy.spatial.transform import Rotation

    assert_gradient(lambda x: Rotation.from_rotvec(x).as_matrix(), X[:2])


def test_special_functions_are_the_ufuncs_that_know_tensors() -> None:
    """SciPy's wrapper would turn the Tensor into an array."""
    from scipy import special

    xp = gt.constant(X).__array_namespace__()
    assert not isinstance(special.erf, np.ufunc)
    assert isinstance(xp.special.erf, np.ufunc)
    np.testing.assert_array_equal(special.erf(gt.constant(X)).numpy(), special.erf(X))
    assert not hasattr(xp.special, "no_such_function")


# -- scikit-learn -------------------------------------------------------------------------------


def test_metrics() -> None:
    from sklearn import metrics

    for name in ("mean_squared_error", "mean_absolute_error", "r2_score"):
        metric = getattr(metrics, name)
        value = metric(gt.constant(Y), gt.constant(GUESS))
        np.testing.assert_allclose(value, metric(Y, GUESS), rtol=1e-14)
        assert_gradient(
            lambda y, p, metric=metric: metric(y, p, multioutput="raw_values"), Y, GUESS
        )


def test_a_metric_that_is_a_python_float_says_so() -> None:
    from sklearn.metrics import mean_squared_error

    x = gt.Variable(GUESS)
    with gt.GradientTape(), pytest.warns(gt.GradientWarning, match="became a plain value"):
        assert type(mean_squared_error(gt.constant(Y), x)) is float


@pytest.mark.parametrize(
    "kernel", ["rbf_kernel", "laplacian_kernel", "polynomial_kernel", "cosine_similarity"]
)
def test_pairwise_kernels(kernel: str) -> None:
    from sklearn.metrics import pairwise

    assert_gradient(getattr(pairwise, kernel), X[:4], X[4:7])


@pytest.mark.parametrize("scaler", ["StandardScaler", "MinMaxScaler", "MaxAbsScaler", "Normalizer"])
def test_scalers(scaler: str) -> None:
    from sklearn import preprocessing

    make: Callable[[], Any] = getattr(preprocessing, scaler)
    with warnings.catch_warnings():
        # scikit-learn divides 0 by 0 here, and silences that for NumPy's arrays only.
        warnings.filterwarnings("ignore", "invalid value", RuntimeWarning)
        assert_gradient(lambda x: make().fit_transform(x), X)


def _estimators() -> dict[str, Callable[[Any], Any]]:
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.naive_bayes import GaussianNB

    x, y, labels = gt.constant(X), gt.constant(Y), gt.constant(LABELS)
    return {
        "PCA": PCA(2, svd_solver="full").fit(x).transform,
        "LDA": LinearDiscriminantAnalysis().fit(x, labels).predict_proba,
        "Ridge": Ridge(solver="svd").fit(x, y).predict,
        "logistic regression": LogisticRegression().fit(x, labels).predict_proba,
        "naive Bayes": GaussianNB().fit(x, labels).predict_proba,
    }


@pytest.mark.parametrize("name", ["PCA", "LDA", "Ridge", "logistic regression", "naive Bayes"])
def test_a_fitted_estimator_is_differentiable_in_its_input(name: str) -> None:
    assert_gradient(_estimators()[name], X)


# -- array_api_extra ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["at", "apply_where", "cov", "kron", "pad", "sinc"])
def test_array_api_extra(name: str) -> None:
    import array_api_extra as xpx

    def at(x: Any) -> Any:
        x = xpx.at(x, x < 0).add(x[0, 0])
        return xpx.at(x)[0, 1].set(3.0) ** 2

    def apply_where(x: Any) -> Any:
        return xpx.apply_where(x > 0, x, np.log, lambda z: z * z)

    programs: dict[str, Callable[..., Any]] = {
        "at": at,
        "apply_where": apply_where,
        "cov": xpx.cov,
        "kron": lambda x: xpx.kron(x, x),
        "pad": lambda x: xpx.pad(x, 1),
        "sinc": xpx.sinc,
    }
    assert_gradient(programs[name], X[:3])


def test_array_api_compat_knows_what_a_tensor_is() -> None:
    import array_api_compat as compat

    x = gt.Variable(X)
    assert compat.array_namespace(x) is x.__array_namespace__()
    assert compat.is_array_api_obj(x)
    assert not compat.is_lazy_array(x)
    assert compat.device(x) == "cpu"
    assert compat.to_device(x, "cpu") is x
    assert compat.size(x) == X.size
