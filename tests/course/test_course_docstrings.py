"""Every function of the note tells its equation, its shapes, its figure, and what it raises."""

from __future__ import annotations

import inspect
import re

import pytest

from layerwise.course import building, gradient_checking, initialization, optimization, regularization

FUNCTIONS = {
    f"{module.__name__.rsplit('.', 1)[1]}.{name}": function
    for module in (building, initialization, regularization, gradient_checking, optimization)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and not name.startswith("_")
}
PLACE = re.compile(r"figures? \d+|section \d\.\d")
SHAPE = re.compile(r"\((?:n|m|1|n_\w+|n\[\w+\]), |any shape|(?:one|same) shape|[Tt]wo numbers")
EQUATION = re.compile(r"\w+(\[\w+\])? = \S")
HELPERS = {"regularization.drawn_masks"}  # of the studies; the note has no such function

each_function = pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - HELPERS))


def test_the_modules_hold_all_the_functions_of_the_note():
    assert len(FUNCTIONS.keys() - HELPERS) >= 42


@each_function
def test_the_docstring_tells_equation_shapes_figure_and_errors(name):
    text = inspect.getdoc(FUNCTIONS[name]) or ""
    missing = [
        what
        for what, there in (
            ("equation", EQUATION.search(text)),
            ("shapes", SHAPE.search(text)),
            ("figure or section", PLACE.search(text)),
            ("what it raises", "InputError" in text),
        )
        if there is None or there is False
    ]
    assert missing == []


@pytest.mark.parametrize("name", sorted(name for name in FUNCTIONS if name.endswith("model")))
def test_a_model_says_that_it_stops_where_the_cost_is_not_finite(name):
    assert "TrainingError where the cost is no longer finite" in " ".join(
        (inspect.getdoc(FUNCTIONS[name]) or "").split()
    )
