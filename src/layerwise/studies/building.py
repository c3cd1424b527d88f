"""The note's first assignment (section 1.1): a network of two layers and a deeper one, on pictures."""

from __future__ import annotations

import numpy as np

from layerwise.studies.arm import Arm, Examples
from layerwise.studies.conclusions import Conclusion
from layerwise.studies.course_files import read_pictures
from layerwise.studies.note_random import Seeds
from layerwise.studies.study import Study

DIGIT = 8

# At the note's 0.0075, which is for 12,288 inputs, neither network gets far on the digits' 64.
DIGITS_RATE = 0.3

_TWO = Arm("two", "2-layer NN", (12288, 7, 1), "small", 0.0075, 2_500)


def pictures(data: str | None, seed: int | None) -> Examples:
    """The course's cat pictures where they are given, else one digit against the rest."""
    return digits(seed) if data is None else read_pictures(data)


def digits(seed: int | None) -> Examples:
    """scikit-learn's digits, 8 by 8 pixels / 16: an eight against the rest; 1,438 to train, 359 to test."""
    from sklearn.datasets import load_digits

    X, digit = load_digits(return_X_y=True)
    order = np.random.RandomState(1 if seed is None else seed).permutation(len(X))
    X, y = X[order] / 16.0, (digit[order] == DIGIT).astype(float)
    rows = round(0.8 * len(X))
    source = f"scikit-learn's digits, {DIGIT} against the rest"
    return Examples.of(X[:rows], y[:rows], X[rows:], y[rows:], source)


_DEEP = _TWO.but(key="deep", model="4-layer NN", sizes=(12288, 20, 7, 5, 1), initialization="lecun")

BUILDING = Study(
    "building",
    (_TWO, _DEEP),
    pictures,
    takes="the folder of the course's cat pictures, train_catvnoncat.h5 and test_catvnoncat.h5",
    own_arms=(_TWO.but(rate=DIGITS_RATE), _DEEP.but(rate=DIGITS_RATE)),
    seeds=Seeds(start=1),
    is_plane=False,
    conclusions=(Conclusion("deep", "two", "test"),),
    # Not held out: in five folds of the course's 209 pictures, neither network gets more than two more right
    # at any rate from 0.001 to 0.3 than the answer "no cat", and untrained ones have the lowest cost.
    tuned_on="train",
)
