"""Networks in plain NumPy with bugs in their back-propagation, and right ones that are hard to check."""
