"""How fast layerwise trains and predicts, beside its peers, in one run.

    python benchmarks/speed.py                              every work, with 2 threads and with 1
    python benchmarks/speed.py --only moons-64,digits       these works alone; --list names them
    python benchmarks/speed.py --skip torch --threads 2     without the contestants whose name begins so
    python benchmarks/speed.py --json speed.json            everything measured, for a program to read
    python benchmarks/speed.py --limits all                 cost by rows, memory, start, fits side by side

Each contestant has a process of its own with the same number of threads, and they take turns. A turn does
the whole work from the start that all share: the same architecture, loss, optimizer, mini-batch sizes, a
fresh shuffle every epoch, the same number of steps; a fast one does it over and over until `--seconds` have
passed. Printed are medians over the turns, in microseconds per step, of the wall clock and of processor
time; GFLOP/s of the matrix products alone, and their share of the largest product that NumPy's BLAS does at
the same number of threads in the same run. "speed" is 1 for the fastest peer. A cost that does not fall, or
that ends elsewhere than the others', is a fault: it is printed and the status is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from speed.contestants import CONTESTANTS, Contestant
from speed.limits import LIMITS
from speed.limits.measured_process import run_python
from speed.rounds import Plan, Result, measure
from speed.surroundings import description, heading, is_installed, processors
from speed.table import details, summary
from speed.work import Work
from speed.works import WORKS


def arguments_of(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="keys of works, separated by commas; see --list")
    parser.add_argument("--list", action="store_true", help="print the keys of the works and end")
    parser.add_argument("--skip", default="", help="beginnings of contestants' names, separated by commas")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each contestant (default 5)")
    parser.add_argument("--seconds", type=float, default=0.3, help="a turn lasts at least so long (0.3)")
    parser.add_argument("--threads", default="2,1", help="numbers of threads, one after the other (2,1)")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--shorter", type=int, default=1, help="divide the epochs of every fit by this")
    parser.add_argument("--limits", default="", help=f"in place of the works: all, or {', '.join(LIMITS)}")
    parser.add_argument("--json", type=Path, help="write everything that was measured to this file")
    arguments = parser.parse_args(words)
    if arguments.repeats < 1:
        parser.error("--repeats must be at least 1")
    if arguments.shorter < 1:
        parser.error("--shorter must be at least 1")
    arguments.works = _chosen(parser, "--only", arguments.only, [work.key for work in WORKS])
    arguments.limits = _chosen(parser, "--limits", arguments.limits, list(LIMITS)) if arguments.limits else []
    try:
        arguments.threads = [int(count) for count in arguments.threads.split(",")]
    except ValueError:
        parser.error(f"--threads is {arguments.threads!r}; expected numbers separated by commas")
    if min(arguments.threads) < 1:
        parser.error("--threads must be at least 1")
    return arguments


def _chosen(parser: argparse.ArgumentParser, option: str, given: str, names: list[str]) -> list[str]:
    """The names in `given`; all where it is empty or "all"."""
    if given in ("", "all"):
        return names
    unknown = [name for name in given.split(",") if name not in names]
    if unknown:
        parser.error(f"{option}: there is no {', '.join(unknown)}; choose from {', '.join(names)}")
    return [name for name in names if name in given.split(",")]


def _taking_part(skip: str) -> list[Contestant]:
    """The contestants that are installed and not skipped."""
    skipped = [beginning for beginning in skip.split(",") if beginning]
    found = []
    for contestant in CONTESTANTS:
        if any(contestant.name.startswith(beginning) for beginning in skipped):
            continue
        if is_installed(contestant.needs):
            found.append(contestant)
        else:
            print(f"{contestant.name} does not take part: {contestant.needs} is not installed", flush=True)
    return found


def _shorter(work: Work, divisor: int, dtype: str) -> Work:
    return replace(work, epochs=max(1, work.epochs // divisor), dtype=dtype)


def _tell(message: str) -> None:
    print(f"... {message}", file=sys.stderr, flush=True)


def run_works(arguments: argparse.Namespace, facts: dict) -> int:
    works = [
        _shorter(work, arguments.shorter, arguments.dtype) for work in WORKS if work.key in arguments.works
    ]
    contestants = _taking_part(arguments.skip)
    folder = Path(tempfile.mkdtemp(prefix="layerwise-speed-"))
    results: list[Result] = []
    for threads in arguments.threads:
        if threads > len(processors()):
            print(f"{threads} threads are left out: this machine has {len(processors())} processors")
            continue
        plan = Plan(threads, arguments.repeats, arguments.seconds, arguments.dtype)
        for result in measure(works, contestants, plan, folder, _tell):
            results.append(result)
            print(f"\n{details(result)}", flush=True)
            _write(arguments.json, {**facts, "results": [result.document() for result in results]})
    print(f"\n{summary(results)}")
    faults = [(result, entry) for result in results for entry in result.entries if entry.fault]
    for result, entry in faults:
        print(f"fault: {result.work.key}, {result.threads} threads, {entry.name}: {entry.fault}")
    failures = [f"{result.work.key}, {name}" for result in results for name in result.failures]
    if failures:
        print(f"did not take part: {'; '.join(failures)}; messages are in {folder}")
    return 1 if faults or failures else 0


def run_limits(arguments: argparse.Namespace, facts: dict) -> int:
    measured: dict[str, object] = {}
    failed = False
    threads = arguments.threads[0]
    for name in arguments.limits:
        _tell(name)
        # In a process with the environment of so many threads.
        code = f"import json, speed.limits as limits; print(json.dumps(limits.measure({name!r}, {threads})))"
        try:
            measured[name], lines = run_python(code, threads).said
        except RuntimeError as error:
            failed, lines = True, [f"{name}: {error}"]
        print("\n".join(["", *lines]), flush=True)
        _write(arguments.json, {**facts, "limits": measured})
    return 1 if failed else 0


def _write(path: Path | None, document: dict) -> None:
    if path is not None:
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def main(words: Sequence[str] | None = None) -> int:
    arguments = arguments_of(words)
    if arguments.list:
        print("\n".join(f"{work.key:28s} {work.title}" for work in WORKS))
        return 0
    facts = description()
    print(heading(facts), flush=True)
    return run_limits(arguments, facts) if arguments.limits else run_works(arguments, facts)


if __name__ == "__main__":
    sys.exit(main())
