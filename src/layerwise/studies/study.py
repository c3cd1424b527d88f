"""An experiment of the note: its data, its arms, how it is run, and the rows of its table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from layerwise.diagnosis import Finding, diagnose, roughness
from layerwise.studies.arm import Arm, Examples
from layerwise.studies.arm_run import ArmRun, run_arm
from layerwise.studies.conclusions import Conclusion
from layerwise.studies.note_random import Seeds

THE_NOTES = Seeds()
SMOOTHER = 0.75
OSCILLATES = 3.0


@dataclass(frozen=True)
class Study:
    """One experiment. `unit` is what its loop counts: "iteration" (whole batches) or "epoch" (mini-batches).

    examples(data, seed): the examples, from the file `data` where there is one, else drawn; seed None gives
    the note's own draw. own_arms: what is trained where the study takes a file and has none. takes: what
    `data` may be, "" where the study takes no file. shape: whether its table has the column "Cost shape".
    seeds: where the note's chance comes from. is_plane: whether an example is a point that can be drawn.
    conclusions: what the note says that the table shows. tuned_on: what a learning rate is chosen by, the
    cost in "train"ing or "held out".
    """

    name: str
    arms: tuple[Arm, ...]
    examples: Callable[[str | None, int | None], Examples]
    unit: str = "iteration"
    takes: str = ""
    own_arms: tuple[Arm, ...] = ()
    record_every: int = 100
    shape: bool = False
    seeds: Seeds = THE_NOTES
    is_plane: bool = True
    conclusions: tuple[Conclusion, ...] = ()
    tuned_on: str = "train"

    def arms_for(self, examples: Examples, data: str | None) -> list[Arm]:
        """The arms with as many inputs as the examples have."""
        inputs = examples.X.shape[1]
        arms = self.own_arms if self.own_arms and data is None else self.arms
        return [arm.but(sizes=(inputs, *arm.sizes[1:])) for arm in arms]


@dataclass(frozen=True)
class Row:
    """One row of an experiment's table: the model's run and what the rules found in its history.

    roughness: of its cost curve. cost_shape: "smooth", "oscillates" or "smoother", see `cost_shapes`.
    """

    run: ArmRun
    findings: tuple[Finding, ...]
    roughness: float
    cost_shape: str

    @property
    def comment(self) -> str:
        """The rules' names, problems first."""
        return self.comment_in("en")

    def comment_in(self, language: str) -> str:
        """The comment in "en" or "zh"; the swing of the curve has a column of its own."""
        if self.run.diverged is not None:
            return "diverges" if language == "en" else "发散"
        names = [f.name(language) for f in self.findings if f.rule != "oscillates"]
        return (", " if language == "en" else "，").join(names)

    def document(self, *, shape: bool) -> dict[str, Any]:
        """The row as it stands in results.json."""
        found: dict[str, Any] = {
            "model": self.run.arm.model,
            "train_accuracy": self.run.train_accuracy,
            "test_accuracy": self.run.test_accuracy,
            "comment": self.comment,
        }
        if shape:
            found |= {"cost_shape": self.cost_shape, "roughness": _finite(self.roughness)}
        found["findings"] = [
            {
                "rule": f.rule,
                "severity": f.severity,
                "message": f.message,
                "evidence": {k: _finite(v) for k, v in f.evidence.items()},
                "epochs": list(f.epochs),
            }
            for f in self.findings
        ]
        found["seconds"] = self.run.seconds
        found["cost"] = [[step, _finite(cost)] for step, cost in self.run.costs]
        return found


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None


def run_study(
    study: Study,
    *,
    data: str | None = None,
    seeds: Seeds | None = None,
    arms: Sequence[Arm] | None = None,
    watch: Callable[[str, float], None] | None = None,
) -> tuple[Examples, list[Row]]:
    """Train every arm and read its history. `watch(model, share)` is told how far each is.

    Raises InputError where `data` cannot be read.
    """
    seeds = seeds or study.seeds
    examples = study.examples(data, seeds.data)
    runs = [
        run_arm(
            arm,
            examples,
            seeds,
            record_every=study.record_every,
            watch=None if watch is None else _for_arm(watch, arm),
        )
        for arm in (arms or study.arms_for(examples, data))
    ]
    return examples, rows_of(runs, examples)


def rows_of(runs: Sequence[ArmRun], examples: Examples) -> list[Row]:
    """The rows of the table, with the comments that the rules find."""
    rough = [roughness(run.history.column("cost")) for run in runs]
    rows = []
    for run, own, shape in zip(runs, rough, cost_shapes(rough), strict=True):
        found = (
            diagnose(
                run.history,
                baseline_cost=examples.baseline_cost,
                baseline_accuracy=examples.baseline_accuracy,
            )
            if len(run.history)
            else []
        )
        rows.append(Row(run, tuple(found), own, shape))
    return rows


def cost_shapes(rough: Sequence[float]) -> list[str]:
    """The words for curves that were drawn beside each other.

    "smooth" where the curve travels less than three times as far as it comes down; else "smoother" where it
    is a quarter less rough than the roughest; else "oscillates".
    """
    worst = max(rough)
    return [
        "smooth" if own < OSCILLATES else "smoother" if own <= SMOOTHER * worst else "oscillates"
        for own in rough
    ]


def _for_arm(watch: Callable[[str, float], None], arm: Arm) -> Callable[[float], None]:
    return lambda share: watch(arm.model, share)
