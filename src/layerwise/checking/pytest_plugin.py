"""A fixture for tests of one's own back-propagation. In conftest.py:

    pytest_plugins = ["layerwise.checking.pytest_plugin"]

and then

    def test_backward(assert_gradient):
        assert_gradient(cost, gradient, theta)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from layerwise.checking.public import check_gradients
from layerwise.checking.result import GradientCheck


@pytest.fixture
def assert_gradient() -> Callable[..., GradientCheck]:
    """`check_gradients` that fails the test, with the check's sentences, where the gradient is wrong."""

    def check(cost: Any, gradient: Any, theta: Any, **settings: Any) -> GradientCheck:
        __tracebackhide__ = True
        result = check_gradients(cost, gradient, theta, **settings)
        if not result.passed:
            pytest.fail(result.text, pytrace=False)
        return result

    return check
