"""The note, function by function: its names, its shapes, its figures.

    from layerwise.course import building, initialization, regularization, gradient_checking, optimization
    parameters = initialization.model(X, Y, initialization="he")

    from layerwise.course import check
    print(check("linear_backward", my_linear_backward))

Arrays have shape (features, examples), float64. The mathematics is that of `layerwise.formulas` and
`layerwise.network`. Where the note is wrong the course is right; docs/errata.md tells each difference.
"""

from layerwise.course import building, gradient_checking, initialization, optimization, regularization
from layerwise.course.answers import Answer, check

__all__ = [
    "Answer",
    "building",
    "check",
    "gradient_checking",
    "initialization",
    "optimization",
    "regularization",
]
