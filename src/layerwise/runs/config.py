"""Everything that fixes a run, in one plain structure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from layerwise.errors import InputError, nearest
from layerwise.estimators import TabularClassifier, TabularRegressor
from layerwise.runs.options import Option, options_of
from layerwise.tables.databases import without_password

GROUPS = ("data", "network", "regularization", "optimizer", "training", "run")
_GROUP_OF = {
    "network": "hidden activation initialization initialization_scale loss delta",
    "regularization": "l2 l1 weight_decay dropout max_norm clip_norm label_smoothing",
    "optimizer": "optimizer learning_rate schedule schedule_factor schedule_every warm_up "
    "momentum beta1 beta2 epsilon",
    "training": "batch_size epochs shuffle patience min_delta monitor class_weight seed engine dtype",
    "data": "validation_fraction scaling max_categories",
}
TASKS = ("binary", "multiclass", "regression")
_GROUPED = {name: group for group, names in _GROUP_OF.items() for name in names.split()}


@dataclass(frozen=True)
class TrainConfig:
    """What `layerwise train` does. The estimator's parameters are in `network`, by their own names.

    Parameters
    ----------
    data : str
        The table: a file that ends in .csv, .tsv, .jsonl, .parquet, .arrow (text also with .gz or .zst), a
        database URL such as sqlite:///file.db?query=SELECT ..., demo:NAME for a built-in set, or - for CSV
        on standard input.
    target : str
        The column to predict. A built-in set knows its own.
    task : str
        binary, multiclass or regression, if the target's values do not say it rightly.
    exclude : sequence of str
        Columns to leave out; give it several times, or put commas between names.
    only : sequence of str
        Columns to use; all others are left out.
    weights : str
        Column that says how much each row counts. It is not used as a feature.
    group : str
        Column whose equal values stay on one side of the split. It is not used as a feature.
    time : str
        Column to split by: train on the oldest rows, test on the newest.
    test : str
        A table of test rows of your own; then no test rows are taken from the data.
    test_fraction : float
        Share of the rows that is kept for the test, which training never sees; 0 for none.
    out : str
        Folder of the run, by default runs/<data>-<n> with the first number that is free.
    overwrite : bool
        Replace the run that is in the folder.
    network : mapping
        Parameters of the estimator that differ from its defaults.

    Raises InputError for an estimator parameter that does not exist.
    """

    data: str
    target: str | None = None
    task: str | None = None
    exclude: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    weights: str | None = None
    group: str | None = None
    time: str | None = None
    test: str | None = None
    test_fraction: float = 0.2
    out: str | None = None
    overwrite: bool = False
    network: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = dict(self.network)
        for name in given:
            if name not in NETWORK_DEFAULTS:
                raise InputError(f"unknown option {name!r}; {nearest(name, NETWORK_DEFAULTS)}")
        object.__setattr__(self, "network", NETWORK_DEFAULTS | given)

    @property
    def seed(self) -> int:
        """Of the split, of training and of everything else that is drawn."""
        return self.network["seed"]

    @property
    def shown_data(self) -> str:
        """The data as messages and files name it: without the password of a database."""
        return without_password(self.data)

    @property
    def values(self) -> dict[str, Any]:
        """Every option by its name."""
        own = {part.name: getattr(self, part.name) for part in fields(self) if part.name != "network"}
        return own | dict(self.network)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> TrainConfig:
        """From options by name; those that are left out have their defaults.

        Raises InputError for an unknown name, a value of a wrong type or out of range, and without data.
        """
        checked = {name: option_named(name).from_value(value) for name, value in values.items()}
        if not checked.get("data"):
            raise InputError(
                "nothing to train on: name a table, for example `layerwise train customers.csv --target "
                "churned`, or a built-in set, `layerwise train demo:breast_cancer`"
            )
        own = {part.name for part in fields(cls)}
        config = cls(
            **{name: value for name, value in checked.items() if name in own},
            network={name: value for name, value in checked.items() if name not in own},
        )
        config.check()
        return config

    def check(self) -> None:
        """Raise InputError for an option out of range, before any data is read."""
        if self.task is not None and self.task not in TASKS:
            raise InputError(f"there is no task {self.task!r}; {nearest(self.task, TASKS)}")
        if not 0 <= self.test_fraction < 1:
            raise InputError(f"test_fraction is {self.test_fraction!r}; expected at least 0 and below 1")
        validation = self.network["validation_fraction"]
        if self.test is None and self.test_fraction + validation >= 1:
            raise InputError(
                f"test_fraction {self.test_fraction} and validation_fraction {validation} leave no row to "
                "train on; together they must be below 1"
            )
        if self.group is not None and self.time is not None:
            raise InputError("rows can be split by group or by time, not by both; give one of them")
        if self.task is not None:
            self.estimator(self.task).check_parameters()
            return
        try:
            self.estimator("multiclass").check_parameters()
        except InputError:
            try:
                self.estimator("regression").check_parameters()
            except InputError:
                pass
            else:
                return
            raise

    def estimator(self, task: str) -> TabularClassifier | TabularRegressor:
        """An estimator for the task, with these options, not yet fitted."""
        return (TabularRegressor if task == "regression" else TabularClassifier)(**self.network)


_NETWORK_OPTIONS = options_of(TabularClassifier, lambda name: _GROUPED.get(name, "training"))
NETWORK_DEFAULTS: dict[str, Any] = {option.name: option.default for option in _NETWORK_OPTIONS}
OPTIONS: dict[str, Option] = {
    option.name: option
    for option in (
        *options_of(
            TrainConfig, lambda name: "run" if name in ("out", "overwrite") else "data", omit=("network",)
        ),
        *_NETWORK_OPTIONS,
    )
}


def option_named(name: str) -> Option:
    """The option of this name. Raises InputError, with the nearest name, where there is none."""
    if name not in OPTIONS:
        raise InputError(f"unknown option {name!r}; {nearest(name, OPTIONS)}")
    return OPTIONS[name]
