"""Does `layerwise.check_gradients` find planted bugs, name them, and stay quiet otherwise? Beside its peers.

    python benchmarks/gradient_check.py                  every case
    python benchmarks/gradient_check.py --part 10        every tenth case
    python benchmarks/gradient_check.py --seed 7         another held-out set
    python benchmarks/gradient_check.py --misses         with each case that is not named right

Every bug is given twice: with the gradient as a function of theta, and as arrays alone. "found": it did not
pass; "parameter": the culprit is the parameter where the bug was planted; "cause": it has the right name.
Peers answer yes or no; those that are not installed are said to be absent.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import layerwise
from planted_bugs.collection import COLLECTION, Case, drawn_specs, planted
from planted_bugs.other_cases import far_away, other_models, right_models
from planted_bugs.peers import peers
from planted_bugs.right import right

HELD_OUT_SEED = 300
FAR = "far from the usual scale"
GOALS = {"found": 1.0, "parameter": 0.95, "cause": 0.85}


@dataclass
class Tally:
    """How often a checker was right."""

    cases: int = 0
    found: int = 0
    parameter: int = 0
    cause: int = 0
    seconds: list[float] = field(default_factory=list)

    def add(self, found: bool, parameter: bool = False, cause: bool = False) -> None:
        self.cases += 1
        self.found += found
        self.parameter += parameter
        self.cause += cause


def of_layerwise(cases: Sequence[Case], as_function: bool, misses: bool) -> dict[str, Tally]:
    """What layerwise says of planted bugs, by kind; "all" for all together."""
    tallies: dict[str, Tally] = {}
    for case in cases:
        gradient = case.gradient if as_function else case.gradient(case.theta)
        start = time.perf_counter()
        result = layerwise.check_gradients(case.cost, gradient, case.theta, tolerance=case.tolerance)
        seconds = time.perf_counter() - start
        culprit = result.culprit
        cause = result.parameters[culprit].cause if culprit else None
        answer = (not result.passed, culprit in case.culprits, cause in case.causes)
        for kind in (case.kind, "all"):
            tally = tallies.setdefault(kind, Tally())
            tally.add(*answer)
            tally.seconds.append(seconds)
        if misses and not all(answer):
            wanted = f"{'/'.join(sorted(case.culprits))} {'/'.join(sorted(case.causes))}"
            print(f"    {case.name}: wanted {wanted}, got {culprit} {cause}")
    return tallies


def of_peer(cases: Iterable[Case], verdict: Callable[[Case], bool]) -> Tally:
    """What a checker that answers yes or no says of cases: how often it says no."""
    tally = Tally()
    for case in cases:
        start = time.perf_counter()
        with np.errstate(all="ignore"):
            tally.add(found=not verdict(case))
        tally.seconds.append(time.perf_counter() - start)
    return tally


def layerwise_alone(case: Case) -> bool:
    """Whether layerwise says that the gradient, given as a function, is right."""
    return layerwise.check_gradients(case.cost, case.gradient, case.theta, tolerance=case.tolerance).passed


def layerwise_arrays(case: Case) -> bool:
    """Whether layerwise says that the gradient, given as arrays, is right."""
    return layerwise.check_gradients(
        case.cost, case.gradient(case.theta), case.theta, tolerance=case.tolerance
    ).passed


def show_kinds(title: str, tallies: dict[str, Tally]) -> None:
    """A table with a row for each kind of bug."""
    print(f"\n{title}\n{'kind':24}{'cases':>7}{'found':>9}{'parameter':>11}{'cause':>9}{'median ms':>11}")
    for kind in sorted(tallies, key=lambda kind: kind == "all"):
        tally = tallies[kind]
        shares = [getattr(tally, name) / tally.cases for name in GOALS]
        print(
            f"{kind:24}{tally.cases:7}{shares[0]:9.1%}{shares[1]:11.1%}{shares[2]:9.1%}"
            f"{1e3 * float(np.median(tally.seconds)):11.0f}"
        )


def show_checkers(bugs: Sequence[Case], right_cases: Sequence[Case], with_peers: bool) -> int:
    """A table with a row for each checker: bugs found, false alarms, times. Returns layerwise's alarms."""
    found, absent = peers() if with_peers else ({}, {})
    own = {
        f"layerwise {layerwise.__version__}, a function": layerwise_alone,
        f"layerwise {layerwise.__version__}, arrays": layerwise_arrays,
    }
    checkers: dict[str, Callable[[Case], bool]] = {**own, **found}
    alarms = 0
    print(f"\n{'checker':36}{'bugs found':>14}{'false alarms':>16}{'ms, a bug':>12}{'ms, right':>12}")
    for name, verdict in checkers.items():
        wrong, quiet = of_peer(bugs, verdict), of_peer(right_cases, verdict)
        alarms += quiet.found if name in own else 0
        times = [1e3 * float(np.median(tally.seconds)) for tally in (wrong, quiet)]
        print(
            f"{name:36}{wrong.found:7} of {wrong.cases:3}{quiet.found:9} of "
            f"{quiet.cases:3}{times[0]:12.0f}{times[1]:12.0f}"
        )
    for name, reason in absent.items():
        print(f"{name} is absent: {reason}")
    return alarms


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", type=int, default=1, metavar="N", help="take every N-th case only")
    parser.add_argument("--seed", type=int, default=HELD_OUT_SEED, help="the seed of the held-out set")
    parser.add_argument("--misses", action="store_true", help="print each case that is not named right")
    parser.add_argument("--no-peers", action="store_true", help="leave the other checkers out")
    options = parser.parse_args(arguments)

    sets = {
        "the collection": list(planted(COLLECTION, 1))[:: options.part],
        f"held out, seed {options.seed}": list(planted(drawn_specs(options.seed), options.seed))[
            :: options.part
        ],
        "models that are no chain of layers": list(other_models(options.seed))[:: options.part],
        FAR: list(far_away(options.seed))[:: options.part],
    }
    right_cases = [*right(0), *right_models(options.seed)][:: options.part]
    print(f"layerwise {layerwise.__version__}, NumPy {np.__version__}, Python {platform.python_version()}")
    reached = True
    for title, cases in sets.items():
        # Where rounding hides a gradient, only a function can be asked elsewhere.
        for as_function in (True,) if title == FAR else (True, False):
            tallies = of_layerwise(cases, as_function, options.misses)
            given = "as a function" if as_function else "as arrays"
            show_kinds(f"Planted bugs, {title}, the gradient {given}", tallies)
            reached &= all(
                getattr(tallies["all"], name) >= goal * tallies["all"].cases for name, goal in GOALS.items()
            )
    every = [case for cases in sets.values() for case in cases]
    reached &= show_checkers(every, right_cases, with_peers=not options.no_peers) == 0
    print(
        f"\nGoals ({', '.join(f'{name} {goal:.0%}' for name, goal in GOALS.items())}, no false alarm): "
        f"{'reached' if reached else 'missed'}"
    )
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
