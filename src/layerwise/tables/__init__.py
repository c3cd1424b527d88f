"""People's tables: read, understood, split, and turned into numbers."""

from layerwise.tables.column import ColumnProfile
from layerwise.tables.columns import TableProfile, profile_table
from layerwise.tables.encoding import TableEncoder
from layerwise.tables.frames import frame_from
from layerwise.tables.kinds import Kind
from layerwise.tables.notices import Notice
from layerwise.tables.novelty import Novelty, novelty_notices
from layerwise.tables.reading import read_batches, read_table
from layerwise.tables.splitting import Split, split_rows
from layerwise.tables.target import Target, prepare_target
from layerwise.tables.task import decide_task

__all__ = [
    "ColumnProfile",
    "Kind",
    "Notice",
    "Novelty",
    "Split",
    "TableEncoder",
    "TableProfile",
    "Target",
    "decide_task",
    "frame_from",
    "novelty_notices",
    "prepare_target",
    "profile_table",
    "read_batches",
    "read_table",
    "split_rows",
]
