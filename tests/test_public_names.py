"""What `import layerwise` promises, and that it is quick."""

import subprocess
import sys

import pytest

import layerwise


@pytest.mark.parametrize("name", layerwise.__all__)
def test_every_public_name_is_there(name):
    assert getattr(layerwise, name) is not None
    assert name in dir(layerwise)


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_thing"):
        layerwise.no_such_thing  # noqa: B018


def test_importing_layerwise_imports_no_heavy_library():
    heavy = ("numpy", "numba", "sklearn", "polars", "scipy", "matplotlib", "rich", "typer")
    code = f"import layerwise, sys; print([name for name in {heavy!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
