"""Studies that many tests look at; run once."""

from __future__ import annotations

import pytest

from layerwise.studies import Outcome, study


@pytest.fixture(scope="session")
def initialization() -> Outcome:
    """The note's experiment on starts, from its own seeds."""
    return study("initialization")


@pytest.fixture(scope="session")
def optimization() -> Outcome:
    """The note's experiment on optimizers, from its own seeds."""
    return study("optimization")


@pytest.fixture(scope="session")
def gradient_checking() -> Outcome:
    """The note's gradient checks."""
    return study("gradient-checking")
