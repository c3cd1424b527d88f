"""What can be set, told from signatures and docstrings, so that an option is described in one place only."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from layerwise.errors import InputError

NONE = "none"
_KINDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


@dataclass(frozen=True)
class Option:
    """One setting.

    scalar: int, float, str or bool.  many, one: whether a list and whether a single value will do.
    optional: whether "none" will do.  mapping: whether label=number pairs will do.
    group: the section of the configuration and the panel of the help that it stands in.
    """

    name: str
    group: str
    scalar: type
    default: Any
    help: str = ""
    one: bool = True
    many: bool = False
    optional: bool = False
    mapping: bool = False

    @property
    def flag(self) -> str:
        """Its name at the shell: --learning-rate."""
        return "--" + self.name.replace("_", "-")

    @property
    def expected(self) -> str:
        """What it takes, in words."""
        kind = _KINDS[self.scalar]
        ways = [kind] if self.one else []
        if self.many:
            ways.append({int: "whole numbers", float: "numbers"}.get(self.scalar, "words") + " and commas")
        if self.mapping:
            ways.append("label=number pairs")
        if self.optional or (self.many and not self.one):
            ways.append(NONE)
        return " or ".join(ways)

    def from_text(self, text: str) -> Any:
        """The value that a person typed: `64,32`, `0.1`, `none`, `yes=2,no=1`. Raises InputError."""
        text = text.strip()
        if text.lower() == NONE and (self.optional or self.many):
            return None if self.optional else ()
        if self.mapping and "=" in text:
            return {label: float(value) for label, value in self._pairs(text)}
        if self.many and ("," in text or not self.one):
            return tuple(self._scalar(part, text) for part in text.split(",") if part.strip())
        return self._scalar(text, text)

    def from_value(self, value: Any) -> Any:
        """The same from a value of TOML, JSON or Python, in one form: tuples for lists. Raises InputError."""
        if isinstance(value, str) and (self.scalar is not str or value.strip().lower() == NONE):
            return self.from_text(value) if self.scalar is not bool else self._refuse(value)
        if value is None and self.optional:
            return None
        if self.mapping and isinstance(value, Mapping):
            return {str(label): self._number(weight) for label, weight in value.items()}
        if self.many and isinstance(value, Sequence) and not isinstance(value, str):
            return tuple(self._of_type(part, value) for part in value)
        if isinstance(value, Sequence) and not isinstance(value, str):
            self._refuse(value)
        single = self._of_type(value, value)
        return single if self.one else (single,)

    def _pairs(self, text: str) -> list[tuple[str, str]]:
        pairs = []
        for part in text.split(","):
            label, equals, value = part.rpartition("=")
            if not equals or not _is_number(value):
                self._refuse(text)
            pairs.append((label.strip(), value))
        return pairs

    def _scalar(self, part: str, whole: str) -> Any:
        part = part.strip()
        if self.scalar is str:
            return part if part else self._refuse(whole)
        try:
            return self.scalar(part)
        except ValueError:
            return self._refuse(whole)

    def _of_type(self, part: Any, whole: Any) -> Any:
        if self.scalar is float:
            return self._number(part)
        if not isinstance(part, self.scalar) or (self.scalar is int and isinstance(part, bool)):
            self._refuse(whole)
        return part

    def _number(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(value)
        return float(value)

    def _refuse(self, value: Any) -> typing.NoReturn:
        raise InputError(f"{self.name} is {value!r}; expected {self.expected}")


def options_of(
    described: Callable[..., Any], group_of: Callable[[str], str], omit: Collection[str] = ()
) -> tuple[Option, ...]:
    """The options that a class or function takes, from its signature and its docstring's "Parameters"."""
    maker = described.__init__ if inspect.isclass(described) else described
    hints = typing.get_type_hints(maker)
    helps = parameter_helps(inspect.getdoc(described) or "")
    return tuple(
        _option(name, group_of(name), hints[name], parameter.default, helps.get(name, ""))
        for name, parameter in inspect.signature(described).parameters.items()
        if name not in omit
    )


def _option(name: str, group: str, hint: Any, default: Any, text: str) -> Option:
    union = isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union
    forms = typing.get_args(hint) if union else (hint,)
    singles = [form for form in forms if form in _KINDS]
    lists = [form for form in forms if typing.get_origin(form) in (Sequence, tuple)]
    elements = [typing.get_args(form)[0] for form in lists]
    return Option(
        name=name,
        group=group,
        scalar=(singles or elements)[0],
        default=default,
        help=text,
        one=bool(singles),
        many=bool(lists),
        optional=type(None) in forms,
        mapping=dict in forms,
    )


def parameter_helps(docstring: str) -> dict[str, str]:
    """{name: text} of the section "Parameters" of a docstring in NumPy's style."""
    helps: dict[str, list[str]] = {}
    lines: list[str] | None = None
    inside = False
    for line, following in zip(docstring.splitlines(), [*docstring.splitlines()[1:], ""], strict=True):
        if following.startswith("---"):
            inside, lines = line.strip() == "Parameters", None
        elif inside and line and not line[0].isspace() and " : " in line:
            lines = helps.setdefault(line.split(" : ")[0].strip(), [])
        elif inside and lines is not None and line.strip():
            lines.append(line.strip())
    return {name: " ".join(parts) for name, parts in helps.items()}


def as_typed(value: Any) -> str:
    """A value as a person would type it at the shell: `64,32`, `none`, `yes=2,no=1`."""
    if value is None or value == ():
        return NONE
    if isinstance(value, Mapping):
        return ",".join(f"{label}={as_typed(weight)}" for label, weight in value.items())
    if isinstance(value, tuple | list):
        return ",".join(as_typed(part) for part in value)
    if isinstance(value, float) and float(f"{value:g}") == value:
        return f"{value:g}"
    return str(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
