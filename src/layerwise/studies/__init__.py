"""The note's experiments: run them, read what came of them, try them on other seeds and at other rates.

outcome = study("initialization")
for row in outcome.rows:
    print(row.run.arm.model, row.run.train_accuracy, row.comment)
"""

from layerwise.studies.outcome import STUDY_NAMES, Outcome, study

__all__ = ["STUDY_NAMES", "Outcome", "study"]
