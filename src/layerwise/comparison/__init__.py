"""Comparing settings: a grid of runs in pairs, and what can be told of their differences."""

from layerwise.comparison.comparing import compare
from layerwise.comparison.comparing_file import compare_file, comparison_folder
from layerwise.comparison.comparison import Comparison
from layerwise.comparison.paired_differences import PairedDifference, holm, paired_difference
from layerwise.comparison.recipe import Winner
from layerwise.comparison.running import Progress

__all__ = [
    "Comparison",
    "PairedDifference",
    "Progress",
    "Winner",
    "compare",
    "compare_file",
    "comparison_folder",
    "holm",
    "paired_difference",
]
