"""How well layerwise's defaults do on real tables, beside scikit-learn's, on the same splits.

    python benchmarks/accuracy.py                      scikit-learn's bundled sets
    python benchmarks/accuracy.py --tables FOLDER      the tables of FOLDER/manifest.json too
    python benchmarks/accuracy.py --set epochs=50      with a parameter of layerwise changed

For each table: the mean over three 80/20 splits of the test accuracy (classes) or R2 (values), and the
seconds of processor time of one fit. At most 8,000 training rows, one thread for everybody.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import sklearn
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder
from threadpoolctl import threadpool_limits

import layerwise
from layerwise import TabularClassifier, TabularRegressor, datasets
from layerwise.tables import prepare_target, read_table

MOST_ROWS = 8_000
SPLITS = 3
BUNDLED = ("breast_cancer", "digits", "wine", "iris", "diabetes")


def tables(
    folder: Path | None, only: list[str]
) -> list[tuple[str, Callable[[], tuple[pl.DataFrame, str, str]]]]:
    """(name, function that gives frame, target, task) of every table asked for."""
    found: list[tuple[str, Callable[[], tuple[pl.DataFrame, str, str]]]] = []
    for name in BUNDLED:

        def bundled(name: str = name) -> tuple[pl.DataFrame, str, str]:
            dataset = datasets.load(name)
            return dataset.frame, dataset.target, dataset.task

        found.append((name, bundled))
    if folder is not None:
        for name, entry in json.loads((folder / "manifest.json").read_text()).items():

            def stored(entry: dict[str, Any] = entry) -> tuple[pl.DataFrame, str, str]:
                return read_table(folder / entry["file"]), entry["target"], entry["task"]

            found.append((name, stored))
    return [(name, read) for name, read in found if not only or name in only]


def scikit(frame: pl.DataFrame, task: str, kind: str) -> Any:
    """scikit-learn's estimator with the preprocessing that its own guide gives for mixed tables.

    Its network gets standardised targets: with raw ones it would lose every regression.
    """
    numbers = [name for name, dtype in frame.schema.items() if dtype.is_numeric()]
    words = [name for name in frame.columns if name not in numbers]
    few = [name for name in words if frame[name].n_unique() <= 100]
    if kind == "mlp":
        encode = make_column_transformer(
            (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            (OneHotEncoder(handle_unknown="ignore", max_categories=32), words),
        )
        final: Any = MLPClassifier(random_state=0)
        if task == "regression":
            final = TransformedTargetRegressor(MLPRegressor(random_state=0), transformer=StandardScaler())
    else:
        many = [name for name in words if name not in few]
        encode = make_column_transformer(
            ("passthrough", numbers),
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), few),
            (make_pipeline(TargetEncoder(random_state=0)), many) if many else ("drop", []),
        )
        boosting = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
        final = boosting(random_state=0)
    return make_pipeline(encode, final)


def contestants(frame: pl.DataFrame, task: str, settings: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    ours = TabularRegressor if task == "regression" else TabularClassifier
    return {
        "layerwise": lambda: ours(**settings),
        "scikit-learn MLP": lambda: scikit(frame, task, "mlp"),
        "histogram boosting": lambda: scikit(frame, task, "boosting"),
    }


def measure(frame: pl.DataFrame, target: str, task: str, settings: dict, skip: list[str]) -> dict[str, tuple]:
    """{contestant: (mean score, median seconds of processor time of a fit)}."""
    prepared, keep, _ = prepare_target(frame, target, task)
    frame = frame.filter(keep)
    X, values = frame.drop(target), prepared.encode(frame[target])
    y = values if task == "regression" else np.array(prepared.decode(values).cast(pl.String).to_list())
    scores: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}
    for seed in range(SPLITS):
        train, test = train_test_split(
            np.arange(len(y)), test_size=0.2, random_state=seed, stratify=None if task == "regression" else y
        )
        train = train[:MOST_ROWS]
        for name, make in contestants(X, task, settings).items():
            if name in skip:
                continue
            model = make()
            as_given = name == "layerwise"
            training = X[train] if as_given else X[train].to_pandas()
            held = X[test] if as_given else X[test].to_pandas()
            start = time.process_time()
            model.fit(training, y[train])
            seconds.setdefault(name, []).append(time.process_time() - start)
            score = r2_score if task == "regression" else accuracy_score
            scores.setdefault(name, []).append(float(score(y[test], model.predict(held))))
    return {name: (float(np.mean(scores[name])), float(np.median(seconds[name]))) for name in scores}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, help="a folder with manifest.json")
    parser.add_argument("--only", default="", help="names of tables, separated by commas")
    parser.add_argument("--skip", default="", help="contestants to leave out, separated by commas")
    parser.add_argument("--set", action="append", default=[], help="a parameter of layerwise, name=value")
    arguments = parser.parse_args()
    settings = {}
    for pair in arguments.set:
        name, value = pair.split("=", 1)
        try:
            settings[name] = ast.literal_eval(value)
        except (SyntaxError, ValueError):
            settings[name] = value
    warnings.filterwarnings("ignore", module="sklearn")
    versions = (
        f"layerwise {layerwise.__version__}, scikit-learn {sklearn.__version__}, numpy {np.__version__}"
    )
    print(f"{versions}; 1 thread, {SPLITS} splits, at most {MOST_ROWS:,} training rows")
    threadpool_limits(1)
    results: dict[str, dict[str, tuple]] = {}
    skip = [name for name in arguments.skip.split(",") if name]
    for name, read in tables(arguments.tables, [name for name in arguments.only.split(",") if name]):
        results[name] = measure(*read(), settings, skip)
        columns = [f"{who} {score:.4f} ({seconds:.2f} s)" for who, (score, seconds) in results[name].items()]
        print(f"{name:16s} " + "  ".join(columns), flush=True)
    if not results:
        sys.exit("no such table")
    names = list(next(iter(results.values())))
    scores = np.array([[row[name][0] for name in names] for row in results.values()])
    ranks = (-scores).argsort(axis=1).argsort(axis=1) + 1.0
    for row, values in zip(ranks, scores, strict=True):
        for value in np.unique(values):
            row[values == value] = row[values == value].mean()
    for position, name in enumerate(names):
        total = sum(row[name][1] for row in results.values())
        score, rank = scores[:, position].mean(), ranks[:, position].mean()
        print(f"{name:26s} mean score {score:.4f}  mean rank {rank:.2f}  fits of one split {total:.1f} s")


if __name__ == "__main__":
    main()
