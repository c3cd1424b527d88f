"""The report of a run: what was trained on what, how good it is, and how it got there, on one page."""

from layerwise.report.contents import Boundary, ColumnRow, LayerRow, NoticeRow, ReportContents
from layerwise.report.page import render_report, write_report

__all__ = [
    "Boundary",
    "ColumnRow",
    "LayerRow",
    "NoticeRow",
    "ReportContents",
    "render_report",
    "write_report",
]
