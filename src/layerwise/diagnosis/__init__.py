"""Rules that explain a run from its history: one small function each, with its evidence in numbers.

for finding in diagnose(result.history, baseline_cost=0.69):
    print(finding.rule, "-", finding.message)
"""

from layerwise.diagnosis.diagnose import diagnose
from layerwise.diagnosis.facts import Facts
from layerwise.diagnosis.finding import Finding
from layerwise.diagnosis.roughness import roughness

__all__ = ["Facts", "Finding", "diagnose", "roughness"]
