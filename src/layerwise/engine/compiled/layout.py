"""How numbers lie in memory: what the compiled drivers and those who call them agree on."""

from __future__ import annotations

# Numbers of a layer in the table of layers: see `batch`.
LAYER_COLUMNS = 15
# Matrices of so many columns or more begin each row at a multiple of so many numbers.
PADDED_FROM, PADDED_TO = 5, 16
# Numbers of a gradient that are made, and used for the update, before the next: what a cache holds. At least
# so many rows of it are made at once.
CACHED, FEWEST_ROWS = 2**18, 8
# Rows and columns of a matrix that a product takes at a time, so that the second cache holds them, and rows
# of the other one.
DEEPEST, BROADEST, PACKED_ROWS = 256, 256, 64
# How the products of rows with rows are made: see `products.add_products`.
BY_LANES, TRANSPOSING, IN_PANELS = range(3)
# A part of a layer narrower than this gains less than it costs.
NARROWEST = 16
# How a step is cut into parts: see `batch`.
BY_UNITS, BY_EXAMPLES, BY_HIDDEN_UNITS, BY_COPIES = range(4)
# What a part or a thread has of its own: parameters, and what an optimizer remembers of each at most.
OWN_VECTORS = 3
# Parameters that are updated in one go, where nothing comes between a gradient and its update.
UPDATED_AT_ONCE = 2**12
# Rows of the room for losses: that of many classes needs more than their own.
LOSS_ROWS = 3
# Slices of the first layer's inputs, each with sums of its own, where products are made ahead.
SLICES = 8
# Numbers that a thread needs for its products.
ROOM = DEEPEST * (PACKED_ROWS + BROADEST)
# Examples of networks side by side are worked on by so many or a multiple of them: see their tiles.
TOGETHER = 4


def leading(m):
    """The distance between the rows of matrices of m columns: whole registers, unless they are very few."""
    return m if m < PADDED_FROM else (m + PADDED_TO - 1) // PADDED_TO * PADDED_TO
