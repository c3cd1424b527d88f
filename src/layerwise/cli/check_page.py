"""A gradient check as one HTML file in the report's look; it loads nothing from anywhere."""

from __future__ import annotations

from layerwise._version import __version__
from layerwise.checking import GradientCheck, Sweep
from layerwise.cli.sweep_picture import sweep_chart
from layerwise.report.templating import render_page


def render_check(check: GradientCheck, subject: str, sweep: Sweep | None) -> str:
    """The page as text: the verdict and its table, and the sweep where there is one."""
    parts = {
        "subject": subject,
        "version": __version__,
        "table": check.html,
        "chart": None if sweep is None else sweep_chart(sweep),
    }
    return render_page("check.html", parts, "layerwise.cli")
