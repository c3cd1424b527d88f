"""Reports to look at: one of each task, one of two columns, one of everything awkward."""

import warnings

import numpy as np
import polars as pl
import pytest

from layerwise.evaluation import Importance, baseline_metrics, confidence_intervals, evaluate
from layerwise.report import Boundary, ColumnRow, LayerRow, NoticeRow, ReportContents

AWKWARD = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a" * 200,
    "列の名前" * 20,
    'x" onmouseover="alert(1)',
    "</title></style></svg>",
    "$x_1$ {{ 7 * 6 }} {% raw %}",
    'id="foo" url(#bar) #04fe4d',
    "tab\tnew\nline \x00\x08\x1b",
    "  ",
]


def scored(task, rows=120, classes=3, seed=0):
    draw = np.random.default_rng(seed)
    if task == "regression":
        y = draw.normal(150, 50, rows)
        return y, y + draw.normal(0, 20, rows)
    classes = 2 if task == "binary" else classes
    y = np.concatenate([np.arange(classes), draw.integers(0, classes, rows - classes)])
    score = np.exp(draw.normal(0, 1, (rows, classes)) + 2 * np.eye(classes)[y])
    return y, score / score.sum(1, keepdims=True)


def history(task, epochs=25):
    epoch = np.arange(1, epochs + 1)
    metric = "r2" if task == "regression" else "accuracy"
    columns = {
        "epoch": epoch,
        "cost": 0.9 * np.exp(-epoch / 8) + 0.05,
        "validation_cost": 0.9 * np.exp(-epoch / 8) + 0.1 + epoch / 400,
        "learning_rate": 0.01 * np.cos(epoch / epochs),
        "seconds": np.full(epochs, 0.01),
        f"validation_{metric}": 1 - 0.5 * np.exp(-epoch / 8),
    }
    for layer in (1, 2):
        columns[f"layer{layer}_update_ratio"] = np.exp(-epoch / 5) / layer
        columns[f"layer{layer}_gradient_norm"] = np.exp(-epoch / 50) / layer
        columns[f"layer{layer}_activation_std"] = np.full(epochs, 0.5 * layer)
        columns[f"layer{layer}_zero_fraction"] = np.full(epochs, 0.5 - 0.5 * (layer == 2))
    return pl.DataFrame(columns)


def report(task, **changes):
    y, prediction = scored(task)
    labels = {"binary": ("malignant", "benign"), "multiclass": ("red", "green", "blue"), "regression": ()}[
        task
    ]
    given = {
        "title": f"a {task} run",
        "task": task,
        "target": "outcome",
        "labels": labels,
        "created": "1 January 2026, 12:00",
        "layerwise_version": "0.1.0",
        "command": "layerwise train table.csv --target outcome",
        "data_source": "table.csv",
        "rows": {"train": 360, "validation": 120, "test": 120},
        "columns": [
            ColumnRow("age", "number", 3, 70),
            ColumnRow("id", "identifier", 0, 600, False, "runs 1, 2, 3"),
        ],
        "notices": [
            NoticeRow("warning", "age", "It holds 3 missing values."),
            NoticeRow("info", None, "A remark."),
        ],
        "metrics": {split: evaluate(task, y, prediction) for split in ("train", "validation", "test")},
        "intervals": {"test": confidence_intervals(task, y, prediction)},
        "baseline": baseline_metrics(task, y, y),
        "baseline_label": labels[0] if labels else None,
        "y": y,
        "prediction": prediction,
        "history": history(task),
        "best_epoch": 18,
        "stop_reason": "Stopped after 25 epochs.",
        "importance": [
            Importance("age", 0.2, 0.02),
            Importance("height", 0.01, 0.02),
            Importance("x", -0.01, 0),
        ],
        "importance_metric": "rmse" if task == "regression" else "log_loss",
        "layers": [
            LayerRow("layer 1", "dense", (8, 2), "relu", 24, 0.1),
            LayerRow("layer 2", "dense", (3, 8), "softmax", 27),
        ],
        "parameter_count": 51,
        "recipe": {"hidden": [8], "learning_rate": 0.001, "dropout": None, "shuffle": True},
        "config_toml": '[network]\nhidden = [8]\nnote = "a < b"\n',
        "seconds": 3.2,
        "environment": {"Python": "3.11.9"},
    }
    return ReportContents(**(given | changes))


def boundary(task, classes=2):
    xs, ys = np.linspace(-2, 2, 21), np.linspace(-1, 1, 17)
    x, y = np.meshgrid(xs, ys)
    if task == "regression":
        surface = x * y
    elif task == "binary":
        surface = 1 / (1 + np.exp(-5 * (x - y)))
    else:
        score = np.exp(np.stack([x, y, -x - y], axis=-1))
        surface = score / score.sum(-1, keepdims=True)
    truth, _ = scored(task)
    draw = np.random.default_rng(1)
    return Boundary(
        "east", "north", xs, ys, surface, draw.uniform(-2, 2, 120), draw.uniform(-1, 1, 120), truth
    )


def awkward():
    classes = 36
    y, prediction = scored("multiclass", 300, classes)
    labels = AWKWARD + [f"class number {i}" for i in range(len(AWKWARD), classes)]
    return report(
        "multiclass",
        title=AWKWARD[0] + " & " + "long " * 30,
        target=AWKWARD[5],
        labels=labels,
        command="layerwise train '" + AWKWARD[1] + "' --out " + "y" * 300,
        data_source="/folder/" + "d" * 300 + "/\udcff.csv",
        columns=[ColumnRow(name, "category", 0, None, False, AWKWARD[0]) for name in AWKWARD],
        notices=[NoticeRow("warning", name, "See <b>it</b>.") for name in AWKWARD],
        metrics={
            "test": evaluate("multiclass", y, prediction),
            "train": {"accuracy": float("nan"), "own": 3.0},
        },
        intervals={"test": {"accuracy": (0.1, float("nan"))}},
        baseline={},
        baseline_label=AWKWARD[3],
        y=y,
        prediction=prediction,
        history=pl.DataFrame(
            {"epoch": [1], "cost": [0.5], "validation_cost": [float("nan")], "validation_own": [None]}
        ),
        best_epoch=1,
        stop_reason=AWKWARD[0],
        importance=[Importance(name, 0.1 / (i + 1) - 0.02, 0.05) for i, name in enumerate(AWKWARD)],
        importance_metric="own",
        layers=[LayerRow(AWKWARD[0], "dense", (64, 64), AWKWARD[1], 4160, 0.5)] * 20,
        recipe=dict.fromkeys(AWKWARD, AWKWARD[0]),
        config_toml=AWKWARD[0] + "z" * 300,
        environment={AWKWARD[0]: AWKWARD[1]},
    )


@pytest.fixture(scope="session")
def reports():
    """Every kind of contents by name."""
    return {
        "binary": report("binary"),
        "multiclass": report("multiclass"),
        "regression": report("regression"),
        "two columns": report("binary", boundary=boundary("binary")),
        "two columns, three classes": report("multiclass", boundary=boundary("multiclass")),
        "two columns, values": report("regression", boundary=boundary("regression")),
        "awkward": awkward(),
        "bare": ReportContents(title="bare", task="binary", target="y"),
    }


@pytest.fixture(scope="session")
def rendered(reports):
    """The same as pages by name, and the warnings that came up on the way."""
    from layerwise.report import render_report

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pages = {name: render_report(contents) for name, contents in reports.items()}
    return pages, [str(warning.message) for warning in caught]


@pytest.fixture(scope="session")
def pages(rendered):
    """Every kind of page by name."""
    return rendered[0]
