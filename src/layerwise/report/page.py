"""The report: one HTML file with its own styles, script and pictures; it loads nothing from anywhere."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Any

from layerwise.errors import InputError
from layerwise.report.charts import (
    boundary_chart,
    classification_charts,
    confusion_table,
    inside_charts,
    learning_charts,
    regression_charts,
)
from layerwise.report.contents import ReportContents
from layerwise.report.tables import (
    METRICS,
    facts,
    importance_bars,
    layer_boxes,
    layer_table,
    metric_cards,
    metric_rows,
    settings,
)
from layerwise.report.templating import render_page
from layerwise.report.verdict import ending, verdict


def render_report(contents: ReportContents) -> str:
    """The page as text. The same contents give the same text. Every text of the user is escaped.

    Raises InputError when y and prediction are no such thing (see `evaluation.evaluate`).
    """
    return render_page("report.html", _parts(contents))


def _parts(contents: ReportContents) -> dict[str, Any]:
    headings, rows = metric_rows(contents)
    boundary = boundary_chart(contents)
    scored = [*classification_charts(contents), *regression_charts(contents)]
    warnings = [notice for notice in contents.notices if notice.severity != "info"]
    return {
        "contents": contents,
        "version": contents.layerwise_version,
        "verdict": verdict(contents),
        "ending": ending(contents.stop_reason),
        "facts": facts(contents),
        "warnings": warnings,
        "remarks": [notice for notice in contents.notices if notice.severity == "info"],
        "cards": metric_cards(contents),
        "metric_headings": headings,
        "metric_rows": rows,
        "importance_name": METRICS.get(
            contents.importance_metric, (contents.importance_metric or "error", "")
        )[0],
        "importance": importance_bars(contents),
        "confusion": confusion_table(contents),
        "scored_charts": scored,
        "boundary": boundary,
        "learning_charts": learning_charts(contents),
        "inside_charts": inside_charts(contents),
        "layer_boxes": layer_boxes(contents),
        "layers": layer_table(contents.layers),
        "settings": settings(contents.recipe),
    }


def write_report(path: str | os.PathLike[str], contents: ReportContents) -> Path:
    """Write the page to `path`, whole or not at all: a temporary file takes its place when complete.

    Returns the path. Raises InputError when the folder is absent or cannot be written, or the disk is full.
    """
    target = Path(path)
    page = render_report(contents).encode("utf-8", errors="replace")
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(beside, "xb") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise InputError(
            f"cannot write the report {str(target)!r}: {reason}; name a folder that exists, may be written "
            f"and has {len(page) / 1e6:.1f} MB left"
        ) from error
    return target
