"""The rows that all combinations share, and how a seed puts them on their sides."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from layerwise.comparison.digest import add_frame, add_series
from layerwise.runs.training_table import Rows
from layerwise.tables import Target, split_rows


@dataclass(frozen=True)
class ComparedRows:
    """A table whose target is known in every row.

    rows: features, target and weights of all rows that are shared out.  group: (rows,) labels that stay
    together.  test: test rows of their own; then none are drawn.  sides: where the split does not depend on
    the seed (by time), the split itself, and `rows` holds the training rows.  only: columns asked for by
    name, which are used even where they look useless.
    """

    rows: Rows
    target: Target
    test_fraction: float
    group: np.ndarray | None = None
    test: Rows | None = None
    sides: dict[str, Rows] | None = None
    only: tuple[str, ...] = ()

    @property
    def task(self) -> str:
        return self.target.task

    @property
    def draws_test_rows(self) -> bool:
        """Whether each seed has test rows of its own, so that runs differ in what measures them too."""
        return self.test is None and self.sides is None

    def split(self, seed: int, validation_fraction: float) -> dict[str, Rows]:
        """The sides "train", "test" and, with rows, "validation", as `layerwise train --seed` makes them.

        The same for every combination with this seed. Raises InputError where a side would be without rows.
        """
        if self.sides is not None:
            return self.sides
        frame, target, weights = self.rows
        split = split_rows(
            frame.height,
            y=None if self.task == "regression" else self.target.encode(target),
            task=self.task,
            test=0.0 if self.test is not None else self.test_fraction,
            validation=validation_fraction,
            seed=seed,
            group=self.group,
        )
        sides = {
            name: Rows(frame[rows], target[rows], None if weights is None else weights[rows])
            for name, rows in split._asdict().items()
            if len(rows)
        }
        return sides if self.test is None else {**sides, "test": self.test}

    @cached_property
    def digest(self) -> str:
        """Fixed by everything that a split depends on but the seed and the validation fraction."""
        fixed = (self.task, self.target.labels, self.test_fraction, sorted(self.sides or {}), self.only)
        digest = hashlib.sha256(repr(fixed).encode("utf-8", "surrogatepass"))
        parts = [self.rows, *([self.test] if self.test else []), *(self.sides or {}).values()]
        for part in parts:
            add_frame(digest, part.frame)
            add_series(digest, part.target)
            digest.update(b"" if part.weights is None else part.weights.tobytes())
        if self.group is not None:
            _add_labels(digest, self.group)
        return digest.hexdigest()


def _add_labels(digest: hashlib._Hash, labels: np.ndarray) -> None:
    """Labels of any type, by which are equal and how they are written."""
    digest.update("\x1f".join(map(str, labels.tolist())).encode("utf-8", "surrogatepass"))
