"""A run's options as a TOML file, and back."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from layerwise._version import __version__
from layerwise.errors import InputError, nearest
from layerwise.runs.config import GROUPS, OPTIONS, TrainConfig, option_named
from layerwise.runs.options import NONE
from layerwise.tables.databases import without_password

_PATHS = ("data", "test")
_ARRAY = re.compile(r"(?<= = )\[\n((?: {4}.*,\n)+)\]")


def config_text(config: TrainConfig) -> str:
    """The configuration as TOML, every option in its section.

    Where the run goes ([run]: out, overwrite) is left out, so that the file can be given back as it is.
    """
    sections: dict[str, dict[str, Any]] = {}
    for name, value in config.values.items():
        option = OPTIONS[name]
        if option.group == "run" or (value is None and option.group == "data"):
            continue
        sections.setdefault(option.group, {})[name] = _plain(value)
    text = tomli_w.dumps({group: sections[group] for group in GROUPS if group in sections})
    return (
        f"# Written by layerwise {__version__}. Give it to `layerwise train --config` to do this run again.\n"
        f"\n{_ARRAY.sub(_on_one_line, text)}"
    )


def read_config(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The options that a configuration sets, by name.

    A relative path to data is looked for beside the file first, then in the current folder.
    Raises InputError for a file that is absent or no TOML, an unknown section or option (with the nearest
    one), an option in another section than its own, and a value of a wrong type.
    """
    path = Path(path)
    document = _document(path)
    values: dict[str, Any] = {}
    for key, content in document.items():
        if isinstance(content, dict) and (key in GROUPS or key not in OPTIONS):
            if key not in GROUPS:
                raise InputError(f"{path}: unknown section [{key}]; {nearest(key, GROUPS)}")
            for name, value in content.items():
                values[name] = _value(path, name, value, section=key)
        else:
            values[key] = _value(path, key, content, section=None)
    for name in _PATHS:
        if values.get(name):
            values[name] = _located(path.parent, values[name])
    return values


def absolute(data: str) -> str:
    """A path to data that means the same from any folder; built-in sets, - and URLs stay as they are.

    A URL loses its password: the file may be handed on.
    """
    return without_password(data) if _is_no_path(data) else str(Path(data).expanduser().absolute())


def _document(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise InputError(
            f"there is no configuration at {path}; `layerwise train` leaves one in its run"
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not TOML: byte {error.start:,} is not UTF-8") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is not TOML: {error}") from None


def _value(path: Path, name: str, value: Any, section: str | None) -> Any:
    try:
        option = option_named(name)
        if section not in (None, option.group):
            raise InputError(f"{name!r} stands in [{section}]; it belongs in [{option.group}]")
        return option.from_value(value)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _located(folder: Path, data: str) -> str:
    if _is_no_path(data) or Path(data).is_absolute():
        return data
    beside = folder / data
    return data if Path(data).exists() and not beside.exists() else str(beside)


def _is_no_path(data: str) -> bool:
    return data == "-" or data.startswith("demo:") or "://" in data


def _on_one_line(array: re.Match[str]) -> str:
    return "[" + ", ".join(line.strip().removesuffix(",") for line in array[1].splitlines()) + "]"


def _plain(value: Any) -> Any:
    """The value in TOML's types: "none" for None and for an empty list."""
    if value is None:
        return NONE
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    return value
