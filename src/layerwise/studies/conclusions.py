"""What the note concludes from a table, as comparisons that can be made again on other seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from layerwise.studies.words import WORDS

FEWEST_SEEDS = 5
NEGLIGIBLE = 0.005
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Conclusion:
    """ "The model `better` has the higher accuracy": the arms' keys, and "train" or "test"."""

    better: str
    worse: str
    split: str


@dataclass(frozen=True)
class Verdict:
    """A conclusion on many seeds: how often it was so, the mean difference, its 95% interval (by Student's
    t on the paired differences), and what follows from them."""

    conclusion: Conclusion
    better: int
    equal: int
    seeds: int
    difference: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """One of "holds" (the whole interval is above 0), "does not hold" (it is below), "no difference" (it
        holds 0 and nothing beyond half a point of accuracy) and, in all other cases and with fewer than five
        seeds, "cannot be told"."""
        if self.seeds < FEWEST_SEEDS:
            return "cannot be told"
        if self.low <= 0 <= self.high:
            negligible = max(-self.low, self.high) < NEGLIGIBLE
            return "no difference" if negligible else "cannot be told"
        return "holds" if self.low > 0 else "does not hold"

    def words(self, models: Mapping[str, str], language: str) -> str:
        """A sentence with the figures. models: the name of each arm's key."""
        say = WORDS[language]
        return say["verdict" if np.isfinite(self.high) else "verdict on few"].format(
            better_model=models[self.conclusion.better],
            worse_model=models[self.conclusion.worse],
            split=say[self.conclusion.split],
            better=self.better,
            equal=self.equal,
            seeds=self.seeds,
            difference=100 * self.difference,
            low=100 * self.low,
            high=100 * self.high,
            verdict=say[self.verdict],
        )


def verdict_on(conclusion: Conclusion, better: npt.ArrayLike, worse: npt.ArrayLike) -> Verdict:
    """From the accuracies of both arms on the same seeds; a seed where either failed (nan) is left out."""
    differences: FloatArray = np.asarray(better, dtype=np.float64) - np.asarray(worse, dtype=np.float64)
    differences = differences[np.isfinite(differences)]
    low, high = paired_interval(differences)
    return Verdict(
        conclusion,
        int((differences > 0).sum()),
        int((differences == 0).sum()),
        len(differences),
        float(differences.mean()) if len(differences) else float("nan"),
        low,
        high,
    )


def paired_interval(differences: FloatArray) -> tuple[float, float]:
    """The 95% interval of the mean by Student's t; (-inf, inf) with fewer than two differences."""
    from scipy.stats import t

    n = len(differences)
    if n < 2:
        return -np.inf, np.inf
    half = float(t.ppf(0.975, n - 1) * differences.std(ddof=1) / np.sqrt(n))
    mean = float(differences.mean())
    return mean - half, mean + half
