"""scikit-learn's own tests of its networks, with these classes in their place.

The file is read from the installed scikit-learn as it is. While it is imported, the names that it takes from
`sklearn.neural_network` are ours.
"""

from __future__ import annotations

import importlib.util
from unittest import mock

import pytest

import layerwise

NAME = "sklearn.neural_network.tests.test_mlp"

# Tests that reach into private attributes of scikit-learn's classes, and which.
PRIVATE = {
    "test_gradient": "calls _loss_grad_lbfgs with scikit-learn's own work arrays; the gradient is tested in "
    "tests/network and tests/engine",
}


def _borrowed():
    specification = importlib.util.find_spec(NAME)
    if specification is None or specification.loader is None:
        return {}
    module = importlib.util.module_from_spec(specification)
    with (
        mock.patch("sklearn.neural_network.MLPClassifier", layerwise.MLPClassifier),
        mock.patch("sklearn.neural_network.MLPRegressor", layerwise.MLPRegressor),
    ):
        specification.loader.exec_module(module)
    return vars(module)


def _collected():
    tests = {name: value for name, value in _borrowed().items() if name.startswith("test_")}
    for name, reason in PRIVATE.items():
        if name in tests:
            tests[name] = pytest.mark.xfail(reason=reason, raises=AttributeError, strict=True)(tests[name])
    return tests


globals().update(_collected())


@pytest.fixture
def global_random_seed() -> int:
    """scikit-learn's fixture of this name; its default seed."""
    return 42


def test_the_borrowed_file_is_there_and_tests_our_classes():
    borrowed = _borrowed()
    if not borrowed:
        pytest.skip("this scikit-learn was installed without its tests")
    assert borrowed["MLPClassifier"] is layerwise.MLPClassifier
    assert borrowed["MLPRegressor"] is layerwise.MLPRegressor
    assert len(_collected()) > 30
