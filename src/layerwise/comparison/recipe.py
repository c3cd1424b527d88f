"""The winner's recipe, ready to paste."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from layerwise.runs.config import NETWORK_DEFAULTS, OPTIONS, TrainConfig
from layerwise.runs.options import as_typed

_OF_THE_TABLE = ("target", "task", "exclude", "only", "weights", "group", "time", "test", "test_fraction")


@dataclass(frozen=True)
class Winner:
    """The combination that did best.

    settings: what differs from the estimator's defaults.  score: the metric's mean on the test rows.
    tied: the combinations that cannot be told apart from it.  shell, python: its recipe.
    """

    label: str
    settings: Mapping[str, Any]
    metric: str
    score: float
    tied: tuple[str, ...]
    shell: str
    python: str


def changed_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that differ from the estimator's defaults, in its order."""
    return {
        name: settings[name]
        for name in NETWORK_DEFAULTS
        if name in settings and settings[name] != NETWORK_DEFAULTS[name]
    }


def shell_line(config: TrainConfig, settings: Mapping[str, Any], seed: int) -> str:
    """`layerwise train ...` that does a run of the comparison again: same rows, same settings, same seed."""
    words = ["layerwise", "train", config.data]
    defaults = {name: OPTIONS[name].default for name in _OF_THE_TABLE}
    for name in _OF_THE_TABLE:
        value = getattr(config, name)
        if value != defaults[name]:
            several = value if isinstance(value, tuple) else (value,)
            for part in several:
                words += [OPTIONS[name].flag, as_typed(part)]
    for name, value in changed_settings(settings).items():
        flag = OPTIONS[name].flag
        if isinstance(value, bool):
            words.append(flag if value else "--no-" + flag.removeprefix("--"))
        else:
            words += [flag, as_typed(value)]
    if seed != NETWORK_DEFAULTS["seed"]:
        words += ["--seed", str(seed)]
    return shlex.join(words)


def python_lines(task: str, settings: Mapping[str, Any], seed: int) -> str:
    """The same network in Python, for columns X and a target y."""
    kind = "TabularRegressor" if task == "regression" else "TabularClassifier"
    given = changed_settings(settings)
    if seed != NETWORK_DEFAULTS["seed"]:
        given["seed"] = seed
    arguments = ", ".join(f"{name}={value!r}" for name, value in given.items())
    return f"from layerwise import {kind}\n\nmodel = {kind}({arguments}).fit(X, y)"
