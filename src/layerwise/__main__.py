"""`python -m layerwise` is the shell command `layerwise`."""

from layerwise.cli import main

if __name__ == "__main__":
    main()
