"""Histories made by hand: each shows one thing."""

from __future__ import annotations

import numpy as np


def history(cost, **columns):
    """Rows from columns of one length."""
    columns = {"epoch": range(1, len(cost) + 1), "cost": cost, **columns}
    return [
        {name: float(values[i]) for name, values in columns.items() if values[i] is not None}
        for i in range(len(cost))
    ]


def falling(rows=100, start=0.69, end=0.05):
    """A curve that falls fast and settles."""
    return end + (start - end) * np.exp(-np.arange(rows) / (0.06 * rows))
