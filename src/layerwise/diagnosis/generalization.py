"""What examples that were held out say of the network."""

from __future__ import annotations

import numpy as np

from layerwise.diagnosis.facts import Facts, FloatArray
from layerwise.diagnosis.finding import Finding

# SageMaker Debugger's rule compares the two costs and allows a gap of 0.1; here the held-out cost must also
# have turned upward by a tenth, or it is but the ordinary difference between old and new examples.
TURNED = 1.1
WINDOWS = 20


def overfits(facts: Facts) -> Finding | None:
    """The held-out cost has turned upward, lies above the one in training, and answers are worse there too.

    Evidence: the lowest held-out cost and its epoch, the held-out cost at the end, the cost in training, and
    both accuracies where the history has them. Costs are averaged over a twentieth of the history.
    """
    turned = _turned_upward(facts)
    if turned is None or not _answers_worse(facts):
        return None
    return Finding("overfits", "problem", turned, (int(turned["lowest_epoch"]), facts.epochs[1]))


def overconfident(facts: Facts) -> Finding | None:
    """The held-out cost has turned upward though the answers are no worse there than in training.

    Evidence: as of `overfits`.
    """
    turned = _turned_upward(facts)
    if turned is None or _answers_worse(facts):
        return None
    return Finding("overconfident", "remark", turned, (int(turned["lowest_epoch"]), facts.epochs[1]))


def _turned_upward(facts: Facts) -> dict[str, float] | None:
    held_out = facts.column("validation_cost")
    if held_out is None or len(held_out) < 3:
        return None
    smooth = _averaged(held_out)
    if np.isnan(smooth).all():
        return None
    lowest = int(np.nanargmin(smooth))
    last, fitted = float(smooth[-1]), float(_averaged(facts.fitted_cost)[-1])
    if not (last > TURNED * float(smooth[lowest]) and last > fitted):
        return None
    evidence = {
        "lowest_validation_cost": float(smooth[lowest]),
        "lowest_epoch": float(facts.columns["epoch"][lowest]),
        "validation_cost": last,
        "train_cost": fitted,
    }
    for name in ("train_accuracy", "validation_accuracy"):
        values = facts.column(name)
        if values is not None:
            evidence[name] = float(values[~np.isnan(values)][-1])
    return evidence


def _answers_worse(facts: Facts) -> bool:
    """Whether fewer held-out answers are right; yes where the history does not say."""
    fitted, held_out = facts.column("train_accuracy"), facts.column("validation_accuracy")
    if fitted is None or held_out is None:
        return True
    return bool(_averaged(fitted)[-1] > _averaged(held_out)[-1])


def _averaged(values: FloatArray) -> FloatArray:
    """Each value replaced by the mean of the last n / 20, itself among them; what is not finite is
    passed over."""
    window = max(1, len(values) // WINDOWS)
    known = np.isfinite(values)
    sums = np.cumsum(np.where(known, values, 0.0))
    counts = np.cumsum(known)
    sums[window:] -= sums[:-window].copy()
    counts[window:] -= counts[:-window].copy()
    with np.errstate(invalid="ignore"):
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
