"""The compiled engine: one driver for every depth, its elementwise loops made from the formulas by Numba."""
