"""Networks in plain NumPy with bugs planted into their back-propagation, and right ones that are hard to check."""
