"""Regularizers: penalties on the weights, decay, inverted dropout, max-norm. Elementwise unless said.

In the penalties, m is the number of examples in the batch (the sum of their weights where they have
weights), as the note has it: a mini-batch of m examples pays lambda / (2 m) sum W^2.
"""

from __future__ import annotations

import numpy as np


def l2_penalty(w, strength):
    """strength / 2 * w^2, with strength = lambda / m.   Summed over the weights: the note, figure 19."""
    return 0.5 * strength * w * w


def l2_gradient(w, strength):
    """strength * w, with strength = lambda / m.   (the note, figure 21: + lambda/m * W)"""
    return strength * w


def l1_penalty(w, strength):
    """strength * |w|, with strength = lambda / m. Source: Tibshirani 1996."""
    return strength * np.abs(w)


def l1_gradient(w, strength):
    """strength * sign(w); 0 at w = 0."""
    return strength * np.sign(w)


def decay(w, rate, weight_decay):
    """w - rate * weight_decay * w: decay apart from the gradient. Source: Loshchilov & Hutter 2019."""
    return w - rate * weight_decay * w


def inverted_dropout(a, kept, keep_prob):
    """a / keep_prob where the unit is kept, else 0; the expected value stays a.   (the note, figure 22)

    The same function carries dA back through the same mask (figure 23). `kept` is a boolean.
    Source: Srivastava et al. 2014, in the inverted form.
    """
    return np.where(kept, a / keep_prob, 0)


def max_norm_scale(norm, limit):
    """min(1, limit / norm): what a unit's incoming weights are multiplied by.

    Source: Srebro & Shraibman 2005; Srivastava et al. 2014, section 5.1.
    """
    return limit / np.maximum(norm, limit)
