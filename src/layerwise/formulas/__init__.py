"""The mathematics, each formula written once: pure functions with their equation, shapes and source.

An elementwise formula works on scalars and on arrays of one shape. On NumPy arrays it is the reference;
the compiled engine builds its fused loops from the same function. Formulas read no settings and draw no
random numbers except from what they are given.
"""
