"""`layerwise.course.check`: a learner's own function beside ours, and what differs, in words."""

from __future__ import annotations

import contextlib
import copy
import io
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.course._differences import Difference, differences
from layerwise.course._exercises import EXERCISES, Exercise
from layerwise.errors import InputError, nearest

CASES = 5


@dataclass(frozen=True)
class Answer:
    """What the check of one function came to. Printing it says so in words; it is true where it passed.

    findings: what differs, a sentence each. remarks: what does not make the answer wrong. cases: how many
    random cases were tried.
    """

    name: str
    cases: int
    findings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing differs."""
        return not self.findings

    @property
    def text(self) -> str:
        """The whole answer, as it is printed."""
        if self.passed:
            head = f"{self.name}: right. The same as layerwise's on {self.cases} random cases."
        else:
            things = "one thing differs" if len(self.findings) == 1 else f"{len(self.findings)} things differ"
            head = f"{self.name}: {things} from layerwise's on {self.cases} random cases."
        notes = [f"  - {finding}" for finding in self.findings] + [
            f"  (note) {remark}" for remark in self.remarks
        ]
        return "\n".join([head, *notes])

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def check(name: str, function: Callable[..., Any]) -> Answer:
    """Compare a function with layerwise's of that name on random cases, and say what differs.

        print(check("linear_backward", my_linear_backward))

    name: of a function of the note, "linear_backward" or "building.linear_backward"; the module is needed
    where two modules share a name, as `model` does. function: takes the arguments of that function in the
    note's order. Shapes, signs, a missing 1/m, transposed and dropped axes, kinds of numbers, constant
    factors, a forgotten return, errors, and arguments changed in place are told apart; NumPy's global
    generator is set before each call and put back after. What the function raises is told in the answer.

    Raises InputError for a name that is not there or something that cannot be called.
    """
    exercise = EXERCISES[_full_name(name)]
    if not callable(function):
        raise InputError(f"the answer to {name} is a {type(function).__name__}; expected a function")
    state = np.random.get_state()
    try:
        return _checked(exercise, function)
    finally:
        np.random.set_state(state)


def _full_name(name: str) -> str:
    if name in EXERCISES:
        return name
    homes = [full for full in EXERCISES if full.split(".")[1] == name]
    if len({EXERCISES[full].function for full in homes}) == 1:
        return homes[0]
    if homes:
        raise InputError(f"{name!r} is the name of several functions; choose one of {', '.join(homes)}")
    names = EXERCISES if "." in str(name) else dict.fromkeys(full.split(".")[1] for full in EXERCISES)
    raise InputError(f"the note has no function {name!r}; {nearest(str(name), names)}")


@dataclass
class _Trial:
    """One case: what was given, what ours and theirs made of it."""

    arguments: tuple
    examples: int
    seed: int
    expected: Any
    found: Any = None
    error: BaseException | None = None
    changed: tuple[str, ...] = ()
    rebound: tuple[str, ...] = ()


def _checked(exercise: Exercise, function: Callable[..., Any]) -> Answer:
    trials = [_tried(exercise, function, case) for case in range(CASES)]
    findings: list[str] = []
    remarks: list[str] = []
    failed = [trial for trial in trials if trial.error is not None]
    if failed:
        findings.append(_error_in_words(exercise, failed[0], len(failed)))
    compared = [trial for trial in trials if trial.error is None]
    if compared and all(trial.found is None for trial in compared):
        findings.append("it returns None; is the `return` forgotten?")
    else:
        findings += _compared(exercise, compared)
    for name in dict.fromkeys(name for trial in trials for name in trial.changed):
        findings.append(
            f"it changes its argument {name} in place; the caller may still need it: work on a copy"
        )
    for name in dict.fromkeys(name for trial in trials for name in trial.rebound):
        if exercise.rebinds:
            remarks.append(f"it writes into the dictionary {name} that it is given, as the note does")
        else:
            findings.append(f"it writes into the dictionary {name} that it is given: make a new one")
    return Answer(exercise.name, CASES, tuple(findings), tuple(remarks))


def _tried(exercise: Exercise, function: Callable[..., Any], case: int) -> _Trial:
    arguments, examples = exercise.draw(np.random.default_rng([case, len(exercise.name)]), case)
    seed = case if exercise.seed is None else exercise.seed
    np.random.seed(seed)
    with contextlib.redirect_stdout(io.StringIO()):
        expected = exercise.function(*copy.deepcopy(arguments))
    theirs, names = copy.deepcopy(arguments), exercise.argument_names
    held = [
        part
        for name, ours, now in zip(names, arguments, theirs, strict=False)
        for part in _arrays(name, ours, now)
    ]
    contents = [[(key, id(v)) for key, v in now.items()] if isinstance(now, dict) else [] for now in theirs]
    np.random.seed(seed)
    trial = _Trial(arguments, examples, seed, expected)
    try:
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            trial.found = function(*theirs)
    except Exception as error:  # whatever a learner's function may raise
        trial.error = error
    trial.changed = tuple(label for label, before, now in held if not np.array_equal(before, now))
    trial.rebound = tuple(
        name
        for name, ours, now in zip(names, contents, theirs, strict=False)
        if isinstance(now, dict) and [(key, id(value)) for key, value in now.items()] != ours
    )
    return trial


def _arrays(name: str, before: Any, now: Any) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Every array of an argument by name, as it was and as the function will leave it."""
    if isinstance(before, dict):
        for key in before:
            yield from _arrays(f'{name}["{key}"]', before[key], now[key])
    elif isinstance(before, tuple | list):
        for old, new in zip(before, now, strict=True):
            yield from _arrays(name, old, new)
    elif isinstance(before, np.ndarray):
        yield name, before, now


def _error_in_words(exercise: Exercise, trial: _Trial, count: int) -> str:
    shapes = ", ".join(
        f"{name} {np.shape(value)}"
        if isinstance(value, np.ndarray)
        else f"{name} {type(value).__name__}"
        if isinstance(value, dict | tuple | list)
        else f"{name}={value!r}"
        for name, value in zip(exercise.argument_names, trial.arguments, strict=False)
    )
    error = trial.error
    message = str(error).partition("\n")[0]
    said = f"{type(error).__name__}: {message}" if message else type(error).__name__
    often = "" if count == CASES else f" in {count} of {CASES} cases"
    return f"it raises {said}{often}   (given {shapes})"


def _compared(exercise: Exercise, trials: list[_Trial]) -> list[str]:
    seen: dict[str, list[tuple[_Trial, Difference]]] = defaultdict(list)
    for trial in trials:
        label = exercise.outputs[0] if len(exercise.outputs) == 1 else "the result"
        parts = exercise.outputs if len(exercise.outputs) > 1 else ()
        for difference in differences(label, trial.expected, trial.found, parts):
            seen[difference.name].append((trial, difference))
    if not seen:
        return []
    known = [
        sentence
        for sentence, mistaken in exercise.mistakes.items()
        if all(_same_as_mistaken(exercise, mistaken, trial) for trial in trials)
    ]
    return known[:1] or [
        f"{name} {_in_words([d for _, d in pairs], [t for t, _ in pairs])}" for name, pairs in seen.items()
    ]


def _same_as_mistaken(exercise: Exercise, mistaken: Callable[..., Any], trial: _Trial) -> bool:
    np.random.seed(trial.seed)
    with np.errstate(all="ignore"):
        wrong = mistaken(*copy.deepcopy(trial.arguments))
    return not list(differences("", wrong, trial.found))


def _in_words(found: list[Difference], trials: list[_Trial]) -> str:
    """One sentence for what one output shows over the cases: a factor that follows m, or the first case's
    words."""
    factors = np.array([difference.factor for difference in found])
    if not np.isfinite(factors).all():
        return next((difference.text for difference in found if difference.text), "differs")
    m = np.array([trial.examples for trial in trials], dtype=float)
    sign = "has the wrong sign and " if (factors < 0).all() else ""
    sizes = np.abs(factors)

    def all_are(value) -> bool:
        return bool(np.allclose(sizes, value, rtol=1e-5))

    if all_are(1.0):
        return "has the wrong sign" if (factors < 0).all() else "has the wrong sign in some cases"
    if all_are(m):
        return f"{sign}is m times too large: the 1/m is missing"
    if all_are(1 / m):
        return f"{sign}is m times too small: 1/m is taken twice, or where it does not belong"
    if (m > 1).all() and all_are(m / (m - 1)):
        return f"{sign}is divided by m - 1, expected m"
    for value, words in (
        (1 / np.log(2), "the logarithm is log2"),
        (1 / np.log(10), "the logarithm is log10"),
    ):
        if all_are(value):
            return f"{sign}is {value:.4g} times the right one: {words}, expected the natural one"
    if all_are(sizes[0]):
        size = sizes[0]
        return (
            f"{sign}is {size:.6g} times too large" if size > 1 else f"{sign}is {1 / size:.6g} times too small"
        )
    return f"{sign}is {sizes[0]:.6g} times the right one in one case and {sizes[-1]:.6g} times in another"
