"""A person's own functions and arrays, named at the shell: `my_backprop.py:gradient`, `theta.npz`."""

from __future__ import annotations

import importlib.util
import sys
import traceback
import zipfile
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from layerwise.errors import InputError, LayerwiseError, nearest

ARRAYS = (".npz", ".npy")


def function_in(place: str, what: str) -> Callable[[Any], Any]:
    """The function that FILE.py:NAME names. What the file prints goes to standard error.

    Raises InputError where there is no such file or function, or the file cannot be run.
    """
    file, colon, name = place.rpartition(":")
    if not colon or not file.endswith(".py") or not name:
        raise InputError(f"{what} is {place!r}; expected FILE.py:FUNCTION, such as my_backprop.py:{what}")
    module = _run(Path(file))
    found = getattr(module, name, None)
    if found is None:
        functions = [
            key for key, value in vars(module).items() if callable(value) and not key.startswith("_")
        ]
        hint = nearest(name, functions) if functions else "it defines no function"
        raise InputError(f"{file} has no {name!r}; {hint}")
    if not callable(found):
        raise InputError(f"{name} in {file} is {type(found).__name__}; expected a function")

    def quietly(theta: Any) -> Any:
        with redirect_stdout(sys.stderr):
            try:
                return found(theta)
            except (ArithmeticError, LayerwiseError):
                raise
            except Exception as error:
                raise InputError(f"{place} failed{_line_of(error, file)}: {_said_by(error)}") from error

    return quietly


def _line_of(error: Exception, file: str) -> str:
    """Where in the file an error arose, with a space in front."""
    own = Path(file).resolve()
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == own]
    return f" in line {frames[-1].lineno} ({frames[-1].line})" if frames else ""


def _said_by(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _run(file: Path) -> Any:
    """The module in a file, once per file: its functions may share what they compute."""
    name = f"layerwise_checked_{abs(hash(str(file.resolve())))}"
    if name in sys.modules:
        return sys.modules[name]
    if not file.is_file():
        raise InputError(f"there is no file {file}")
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise InputError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(file.resolve().parent))
    try:
        with redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise InputError(f"{file} cannot be run{_line_of(error, str(file))}: {_said_by(error)}") from error
    return module


def arrays_in(place: str, what: str) -> Any:
    """A number, the array of a .npy file, or the dictionary of a .npz file. Raises InputError."""
    try:
        return float(place)
    except ValueError:
        pass
    path = Path(place)
    if path.suffix not in ARRAYS:
        raise InputError(f"{what} is {place!r}; expected a number, or a file that ends in .npz or .npy")
    if path.is_file() and not _is_of_numpy(path):
        raise InputError(
            f"{path} is no file of NumPy's, as np.{'savez' if path.suffix == '.npz' else 'save'} makes"
        )
    try:
        loaded = np.load(path, allow_pickle=False)
        return {name: loaded[name] for name in loaded.files} if path.suffix == ".npz" else loaded
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error


def _is_of_numpy(path: Path) -> bool:
    with path.open("rb") as file:
        return zipfile.is_zipfile(file) if path.suffix == ".npz" else file.read(6) == b"\x93NUMPY"
