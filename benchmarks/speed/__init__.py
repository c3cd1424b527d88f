"""The speed benchmark: the works, who does them, and how they are timed. `../speed.py` is the program."""
