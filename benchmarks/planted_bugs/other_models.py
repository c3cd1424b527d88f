"""Models that are no chain of dense layers, each as its author might write it, with the mistakes of its kind.

A model is a function of a generator that returns (theta, cost, gradient); `gradient(theta, bug)` makes the
mistake of that name, and none for "". `BUGS` says of each mistake which parameters may be named, and the
right causes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit, log_softmax, softmax

Model = tuple[Any, Callable[[Any], float], Callable[..., Any]]
Bugs = dict[str, tuple[tuple[str, ...], tuple[str, ...]]]


def ridge(rng: np.random.Generator) -> Model:
    """Linear regression with one vector theta, its first entry the intercept, which is not penalised."""
    m, lam = 40, 0.8
    X = np.column_stack([np.ones(m), rng.normal(size=(m, 5))])
    y = X @ rng.normal(size=6) + rng.normal(size=m)

    def cost(theta):
        r = X @ theta - y
        return r @ r / (2 * m) + lam / (2 * m) * (theta[1:] ** 2).sum()

    def gradient(theta, bug=""):
        r = y - X @ theta if bug == "y - Xw" else X @ theta - y
        data = X.T @ r * {"sum": 1, "twice": 2 / m}.get(bug, 1 / m)
        penalty = lam / m * np.concatenate([[theta[0] if bug == "intercept penalised" else 0], theta[1:]])
        return data + penalty * {"no penalty": 0, "penalty twice": 2}.get(bug, 1)

    return rng.normal(size=6), cost, gradient


def logistic(rng: np.random.Generator) -> Model:
    """Logistic regression: w a vector, b a Python number."""
    m = 33
    X, y = rng.normal(size=(m, 5)), (rng.random(m) < 0.4) * 1.0

    def cost(p):
        a = expit(X @ p["w"] + p["b"])
        return -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))

    def gradient(p, bug=""):
        a = expit(X @ p["w"] + p["b"])
        d = (a - y) * (a * (1 - a) if bug == "sigmoid' too often" else 1)
        dw = (X @ X.T @ X if bug == "cubed" else X).T @ d / m
        if bug == "one entry":
            dw[3] += 0.1
        return {"w": dw, "b": d.sum() if bug == "db a sum" else d.mean()}

    return {"w": rng.normal(size=5), "b": 0.25}, cost, gradient


def weighted_softmax(rng: np.random.Generator) -> Model:
    """Softmax regression with class weights; the biases are called c."""
    m, k = 24, 4
    X, labels = rng.normal(size=(m, 7)), rng.integers(0, k, m)
    Y, weights = np.eye(k)[labels], np.array([1, 2.5, 0.5, 3])[labels]

    def cost(p):
        losses = -log_softmax(X @ p["W"] + p["c"], axis=1)[np.arange(m), labels]
        return weights @ losses / weights.sum()

    def gradient(p, bug=""):
        a = softmax(X @ p["W"] + p["c"], axis=1)
        d = (a - Y) / m if bug == "no weights" else (a - Y) * weights[:, None] / weights.sum()
        if bug == "softmax' as sigmoid'":
            d = d * a * (1 - a)
        dW = X.T @ d
        if bug == "a class negative":
            dW[:, 2] *= -1
        if bug == "reshaped":
            dW = dW.T.reshape(dW.shape)
        return {"W": np.roll(dW, 1, 0) if bug == "rows rolled" else dW, "c": d.sum(0)}

    return {"W": rng.normal(size=(7, k)) / 2, "c": rng.normal(size=k)}, cost, gradient


def recurrent(rng: np.random.Generator) -> Model:
    """A recurrent network with tanh, back-propagated through time."""
    T, n, h, k = 6, 3, 5, 2
    X, Y = rng.normal(size=(T, n)), rng.normal(size=(T, k))
    shapes = {"Wxh": (h, n), "Whh": (h, h), "Why": (k, h), "bh": (h,), "by": (k,)}

    def forward(p):
        states, outputs = [np.zeros(h)], []
        for x in X:
            states.append(np.tanh(p["Wxh"] @ x + p["Whh"] @ states[-1] + p["bh"]))
            outputs.append(p["Why"] @ states[-1] + p["by"])
        return states, np.array(outputs)

    def cost(p):
        return ((forward(p)[1] - Y) ** 2).sum() / 2

    def gradient(p, bug=""):
        states, outputs = forward(p)
        g, later = {name: np.zeros(shape) for name, shape in shapes.items()}, np.zeros(h)
        for t in reversed(range(T)):
            d = outputs[t] - Y[t]
            g["Why"] += np.outer(d, states[t + 1])
            g["by"] += d
            dz = (p["Why"].T @ d + later) * (1 if bug == "no tanh'" else 1 - states[t + 1] ** 2)
            g["Wxh"] += np.outer(dz, X[t])
            g["Whh"] += np.outer(dz, states[t])
            g["bh"] += dz
            later = 0 * dz if bug == "truncated" else p["Whh"].T @ dz
        g["Whh"] = g["Whh"].T if bug == "transposed" else g["Whh"]
        return g | {"by": 2 * g["by"] if bug == "by twice" else g["by"]}

    return {name: rng.normal(size=shape) / 2 for name, shape in shapes.items()}, cost, gradient


def attention(rng: np.random.Generator) -> Model:
    """One head of attention."""
    X, Y = rng.normal(size=(5, 4)), rng.normal(size=(5, 4))

    def forward(p):
        q, k, v = X @ p["Wq"], X @ p["Wk"], X @ p["Wv"]
        a = softmax(q @ k.T / 2, axis=1)
        return q, k, v, a

    def cost(p):
        *_, v, a = forward(p)
        return ((a @ v - Y) ** 2).mean()

    def gradient(p, bug=""):
        q, k, v, a = forward(p)
        d = 2 * (a @ v - Y) / Y.size
        da = d @ v.T
        ds = a * (da - (da * a).sum(1, keepdims=True)) / (1 if bug == "not scaled" else 2)
        g = {"Wq": X.T @ ds @ k, "Wk": X.T @ ds.T @ q, "Wv": X.T @ a.T @ d}
        if bug == "swapped":
            g["Wq"], g["Wk"] = g["Wk"], g["Wq"]
        return g | {"Wv": g["Wv"].T} if bug == "transposed" else g

    return {name: rng.normal(size=(4, 4)) for name in ("Wq", "Wk", "Wv")}, cost, gradient


def batch_normalised(rng: np.random.Generator) -> Model:
    """Two layers with batch normalisation between them."""
    m, n, h = 16, 4, 6
    X, y = rng.normal(size=(m, n)), rng.normal(size=(m, 1))
    shapes = {"W1": (n, h), "gamma1": (h,), "beta1": (h,), "W2": (h, 1), "b2": (1,)}

    def forward(p):
        z = X @ p["W1"]
        spread = np.sqrt(z.var(0) + 1e-5)
        x = (z - z.mean(0)) / spread
        u = p["gamma1"] * x + p["beta1"]
        return spread, x, u, np.maximum(u, 0) @ p["W2"] + p["b2"]

    def cost(p):
        return ((forward(p)[-1] - y) ** 2).mean() / 2

    def gradient(p, bug=""):
        spread, x, u, output = forward(p)
        d = (output - y) / m
        du = d @ p["W2"].T * (u > 0)
        dx = du * p["gamma1"]
        dz = (dx if bug == "mean as a constant" else dx - dx.mean(0) - x * (dx * x).mean(0)) / spread
        g = {"W1": X.T @ dz, "gamma1": (du * x).sum(0), "beta1": du.sum(0)}
        g |= {"W2": np.maximum(u, 0).T @ d, "b2": d.sum(0)}
        if bug == "gamma and beta swapped":
            g["gamma1"], g["beta1"] = g["beta1"], g["gamma1"]
        return g | {"beta1": du.mean(0)} if bug == "beta a mean" else g

    return {name: rng.normal(size=shape) for name, shape in shapes.items()}, cost, gradient


def factors(rng: np.random.Generator) -> Model:
    """Matrix factorisation with a penalty on both factors."""
    R, seen, lam = rng.normal(size=(7, 6)), rng.random((7, 6)) < 0.6, 0.3

    def cost(p):
        error = seen * (p["U"] @ p["V"].T - R)
        return (error**2).sum() / 2 + lam / 2 * ((p["U"] ** 2).sum() + (p["V"] ** 2).sum())

    def gradient(p, bug=""):
        error = seen * (p["U"] @ p["V"].T - R)
        dU = error @ p["V"] + lam * p["U"] * (2 if bug == "penalty of U twice" else 1)
        dV = error.T @ p["U"] + lam * p["V"] * (0 if bug == "penalty of V forgotten" else 1)
        return {"U": dU, "V": -dV if bug == "V negative" else dV}

    return {"U": rng.normal(size=(7, 3)), "V": rng.normal(size=(6, 3))}, cost, gradient


BUGS: dict[Callable[[np.random.Generator], Model], Bugs] = {
    ridge: {
        "y - Xw": (("theta",), ("sign-flipped",)),
        "sum": (("theta",), ("not-averaged",)),
        "twice": (("theta",), ("scaled",)),
        "no penalty": (("theta",), ("missing-penalty",)),
        "penalty twice": (("theta",), ("extra-penalty",)),
        "intercept penalised": (("theta",), ("extra-penalty",)),
    },
    logistic: {
        "sigmoid' too often": (("w", "b"), ("activation-derivative",)),
        "cubed": (("w",), ("unknown", "stale")),
        "one entry": (("w",), ("unknown",)),
        "db a sum": (("b",), ("not-averaged",)),
    },
    weighted_softmax: {
        "no weights": (("W", "c"), ("stale",)),
        "softmax' as sigmoid'": (("W", "c"), ("activation-derivative",)),
        "a class negative": (("W",), ("sign-flipped",)),
        "reshaped": (("W",), ("transposed",)),
        "rows rolled": (("W",), ("permuted",)),
    },
    recurrent: {
        "no tanh'": (("Wxh", "Whh", "bh"), ("activation-derivative", "unknown")),
        "truncated": (("Wxh", "Whh", "bh"), ("unknown",)),
        "transposed": (("Whh",), ("transposed",)),
        "by twice": (("by",), ("scaled",)),
    },
    attention: {
        "not scaled": (("Wq", "Wk"), ("scaled",)),
        "swapped": (("Wq", "Wk"), ("other-parameter",)),
        "transposed": (("Wv",), ("transposed",)),
    },
    batch_normalised: {
        "mean as a constant": (("W1",), ("unknown",)),
        "gamma and beta swapped": (("gamma1", "beta1"), ("other-parameter",)),
        "beta a mean": (("beta1",), ("scaled",)),
    },
    factors: {
        "penalty of U twice": (("U",), ("extra-penalty",)),
        "penalty of V forgotten": (("V",), ("missing-penalty",)),
        "V negative": (("V",), ("sign-flipped",)),
    },
}
