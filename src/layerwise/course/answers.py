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
from layerwise.course._findings import error_in_words, in_words, listed, together
from layerwise.errors import InputError, nearest

CASES = 5
SHOWN = 6
"""Findings that are printed; what comes later in a computation often follows from what comes first."""


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
        notes = [f"  - {finding}" for finding in self.findings[:SHOWN]]
        if len(self.findings) > SHOWN:
            notes.append(f"  ... and {len(self.findings) - SHOWN} more: see findings")
        notes += [f"  (note) {remark}" for remark in self.remarks]
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
    if failed and failed[0].error is not None:
        given = zip(exercise.argument_names, failed[0].arguments, strict=False)
        often = "" if len(failed) == CASES else f" in {len(failed)} of {CASES} cases"
        findings.append(error_in_words(failed[0].error, given, often))
    compared = [trial for trial in trials if trial.error is None]
    if compared and all(trial.found is None for trial in compared):
        findings.append("it returns None; is the `return` forgotten?")
    else:
        findings += _compared(exercise, compared)
    changed = dict.fromkeys(name for trial in trials for name in trial.changed)
    if changed:
        findings.append(
            f"it changes its argument {listed(list(changed))} in place; "
            "the caller may still need it: work on a copy"
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
    return known[:1] or together(
        {
            name: in_words([d for _, d in pairs], [t.examples for t, _ in pairs])
            for name, pairs in seen.items()
        }
    )


def _same_as_mistaken(exercise: Exercise, mistaken: Callable[..., Any], trial: _Trial) -> bool:
    np.random.seed(trial.seed)
    with np.errstate(all="ignore"):
        wrong = mistaken(*copy.deepcopy(trial.arguments))
    return not list(differences("", wrong, trial.found))
