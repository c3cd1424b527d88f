"""The shell: `layerwise train | predict | evaluate | show`."""

from layerwise.cli.entry import main
from layerwise.cli.shell import app

__all__ = ["app", "main"]
