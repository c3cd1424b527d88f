"""Gradient checking: is a gradient right, and if not, which parameter is wrong, how, and why."""
