"""What is compared: every combination of the values to vary, checked before any run."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from layerwise.errors import InputError
from layerwise.runs.config import NETWORK_DEFAULTS, TrainConfig, option_named
from layerwise.runs.options import Option, as_typed


@dataclass(frozen=True)
class Combination:
    """One choice for each varied setting.

    varied: the settings that differ between combinations.  settings: every parameter of the estimator but the
    seed.
    """

    varied: Mapping[str, Any]
    settings: Mapping[str, Any]

    @property
    def label(self) -> str:
        """`optimizer=adam, hidden=64,32`: its name in every table and picture."""
        return ", ".join(f"{name}={as_typed(value)}" for name, value in self.varied.items())


def combinations(
    vary: Mapping[str, Sequence[Any]],
    fixed: Mapping[str, Any] | None = None,
    *,
    task: str | None = None,
    test_fraction: float = 0.2,
) -> tuple[Combination, ...]:
    """All combinations, the last name varying fastest.

    vary: {name: values} of the estimator's parameters.  fixed: values of the others; the rest have defaults.
    Raises InputError for an unknown name (with the nearest), a value of a wrong type or out of range, a name
    both varied and fixed, equal values, and where there are fewer than two combinations.
    """
    values = {name: _values(name, given) for name, given in vary.items()}
    settled = {name: _option(name).from_value(value) for name, value in (fixed or {}).items()}
    for name in values:
        if name in settled:
            raise InputError(f"{name} is both varied and fixed; give it once")
    choices = [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]
    if len(choices) < 2:
        example = 'vary={"optimizer": ["gd", "adam"]}, at the shell --vary optimizer=gd,adam'
        raise InputError(f"nothing to compare: give at least one setting two values, for example {example}")
    found = []
    for varied in choices:
        settings = NETWORK_DEFAULTS | settled | varied
        del settings["seed"]
        combination = Combination(varied, settings)
        _check(combination, task, test_fraction)
        found.append(combination)
    return tuple(found)


def values_from_text(text: str) -> tuple[str, tuple[Any, ...]]:
    """(name, values) of what a person typed: `optimizer=gd,adam`, `hidden=64,32;128`.

    Values stand between commas; where there is a semicolon, between semicolons, so that a value may hold
    commas. Raises InputError.
    """
    name, equals, listed = text.partition("=")
    name = name.strip().lstrip("-").replace("-", "_")
    if not equals or not listed.strip():
        raise InputError(f"--vary {text!r}: expected NAME=VALUE,VALUE, for example --vary optimizer=gd,adam")
    option = _option(name)
    if ";" in listed:
        parts = [part for part in listed.split(";") if part.strip()]
    elif not option.one or (option.mapping and "=" in listed):
        parts = [listed]
    else:
        parts = [part for part in listed.split(",") if part.strip()]
    if len(parts) == 1 and "," in listed:
        apart = listed.replace(",", ";")
        raise InputError(
            f"--vary {text!r} is one value of {name}; put ; between values, for example '{name}={apart}'"
        )
    return name, tuple(_from_text(option, part) for part in parts)


def _from_text(option: Option, text: str) -> Any:
    if option.scalar is not bool:
        return option.from_text(text)
    word = text.strip().lower()
    if word not in ("true", "false", "yes", "no"):
        raise InputError(f"{option.name} is {text!r}; expected true or false")
    return word in ("true", "yes")


def _option(name: str) -> Option:
    """The network's option of this name. Raises InputError."""
    if name == "seed":
        raise InputError(
            "seed cannot be varied or fixed here: every combination is run with each of the seeds; "
            "say which with seeds"
        )
    option = option_named(name)
    if name not in NETWORK_DEFAULTS:
        raise InputError(f"{name} says which rows are used, and all combinations use the same; leave it out")
    return option


def _values(name: str, given: Any) -> list[Any]:
    option = _option(name)
    if isinstance(given, str | bytes | Mapping) or not hasattr(given, "__iter__"):
        raise InputError(f"the values of {name} are {given!r}; expected a list, for example [{given!r}, ...]")
    values: list[Any] = []
    for item in given:
        value = option.from_value(item.item() if hasattr(item, "item") else item)
        if value in values:
            raise InputError(f"{name} has the value {as_typed(value)} twice; give each once")
        values.append(value)
    if not values:
        raise InputError(f"{name} has no values to vary; give at least two")
    return values


def _check(combination: Combination, task: str | None, test_fraction: float) -> None:
    config = TrainConfig(
        data="table", task=task, test_fraction=test_fraction, network=dict(combination.settings)
    )
    try:
        config.check()
    except InputError as error:
        raise InputError(f"{error} (in the combination {combination.label})") from None
