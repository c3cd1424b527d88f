"""The contestants' processes, and the rounds in which each has its turn."""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from speed.contestants import Contestant
from speed.surroundings import environment_for
from speed.work import Work

# Between two turns, so that the last one's threads have gone to sleep.
PAUSE = 0.1
PEAK_SECONDS = 0.2
# How far the final costs may differ, as a part of what layerwise's fell by.
AGREEMENT, AGREEMENT_WITH_DROPOUT = 0.1, 0.25
PREDICTIONS_AGREE = 1e-4
WITHOUT = "layerwise, without"


class Plan(NamedTuple):
    """What is asked for: repeats of at least `seconds` each, by so many threads."""

    threads: int
    repeats: int
    seconds: float
    dtype: str


class Process:
    """A contestant's process. See `speed.worker`."""

    def __init__(self, module: str, plan: Plan, log: Path) -> None:
        self._log = log.open("a")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "speed.worker", module, str(plan.threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment_for(plan.threads, plan.dtype),
            text=True,
        )

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **request}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            return {"error": f"its process ended with status {self._process.wait()}; see {self._log.name}"}
        return json.loads(line)

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        self._log.close()


@dataclass
class Entry:
    """One contestant at one work: seconds of wall clock and of processor time of the whole, by repeat."""

    name: str
    is_peer: bool
    prepared: dict[str, Any]
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    runs: int = 0
    part: float = 1.0
    end: float = float("nan")
    fault: str | None = None

    @property
    def seconds(self) -> float:
        return statistics.median(self.wall)

    @property
    def cpu_seconds(self) -> float:
        return statistics.median(self.cpu)


@dataclass
class Result:
    """One line of the table."""

    work: Work
    threads: int
    peak: float
    entries: list[Entry]
    failures: dict[str, str]

    def named(self, name: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.name == name), None)

    @property
    def fastest_peer(self) -> Entry | None:
        peers = [entry for entry in self.entries if entry.is_peer]
        return min(peers, key=lambda entry: entry.seconds, default=None)

    def document(self) -> dict[str, Any]:
        work = {**asdict(self.work), "steps": self.work.steps, "flops": self.work.flops}
        entries = [{**asdict(entry), "median": entry.seconds} for entry in self.entries]
        document = {
            "work": work,
            "threads": self.threads,
            "blas_peak_gflops": self.peak,
            "entries": entries,
            "failures": self.failures,
        }
        return _without_nan(document)


def _without_nan(value: Any) -> Any:
    """The same with None for what is not a number: JSON has no NaN."""
    if isinstance(value, dict):
        return {name: _without_nan(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def measure(
    works: Iterable[Work],
    contestants: Iterable[Contestant],
    plan: Plan,
    folder: Path,
    tell: Callable[[str], None],
) -> Iterable[Result]:
    """The results, one by one as they are ready. Messages of the libraries go to files in `folder`."""
    with ExitStack() as stack:

        def start(name: str, module: str) -> Process:
            log = folder / f"{name.replace(' ', '-')}-{plan.threads}.log"
            process = Process(module, plan, log)
            stack.callback(process.close)
            return process

        processes = {contestant.name: start(contestant.name, contestant.module) for contestant in contestants}
        peers = {contestant.name for contestant in contestants if contestant.is_peer}
        peak_process = start("blas", "layerwise_engine")
        for work in works:
            if work.is_regularized and "layerwise" in processes and WITHOUT not in processes:
                processes[WITHOUT] = start(WITHOUT, "layerwise_training")
            yield _one(work, processes, peers, peak_process, plan, tell)


def _one(
    work: Work,
    processes: dict[str, Process],
    peers: set[str],
    peak_process: Process,
    plan: Plan,
    tell: Callable[[str], None],
) -> Result:
    entries: list[Entry] = []
    failures: dict[str, str] = {}
    for name, process in processes.items():
        if name == WITHOUT and not work.is_regularized:
            continue
        tell(f"{work.key}, {plan.threads} threads: {name} sets up")
        asked = asdict(work.plain() if name == WITHOUT else work)
        prepared = process.ask("prepare", work=asked)
        if "error" in prepared:
            failures[name] = prepared["error"]
        elif "absent" not in prepared:
            entries.append(Entry(name, name in peers, prepared))
    peaks = []
    for repeat in range(plan.repeats):
        tell(f"{work.key}, {plan.threads} threads: round {repeat + 1} of {plan.repeats}")
        peaks.append(peak_process.ask("peak", dtype=plan.dtype, seconds=PEAK_SECONDS)["gflops"])
        turn = repeat % max(len(entries), 1)
        for entry in entries[turn:] + entries[:turn]:
            if entry.name in failures:
                continue
            time.sleep(PAUSE)
            answer = processes[entry.name].ask("run", seconds=plan.seconds)
            if "error" in answer:
                failures[entry.name] = answer["error"]
                continue
            entry.wall.append(answer["wall"])
            entry.cpu.append(answer["cpu"])
            entry.runs += answer["runs"]
            entry.part = answer["part"]
    for entry in entries:
        if entry.name not in failures:
            entry.end = processes[entry.name].ask("check").get("end", float("nan"))
    done = [entry for entry in entries if entry.name not in failures]
    result = Result(work, plan.threads, max(peaks), done, failures)
    _check(result)
    return result


def _check(result: Result) -> None:
    """Note at each entry whose cost did not fall, or ended elsewhere than layerwise's, that it is so."""
    work = result.work
    own = result.named("layerwise") or next(iter(result.entries), None)
    for entry in result.entries:
        start, end = entry.prepared["start"], entry.end
        if work.kind == "predict":
            if not end <= PREDICTIONS_AGREE:
                entry.fault = f"its predictions are {end:.2g} away from the reference"
            continue
        if not end < start:
            entry.fault = f"its cost did not fall: {start:.6g} at the start, {end:.6g} at the end"
            continue
        assert own is not None
        allowed = AGREEMENT_WITH_DROPOUT if work.dropout else AGREEMENT
        # A part of the seeds ends elsewhere than all of them.
        comparable = entry.name != WITHOUT and entry.part == own.part
        if comparable and abs(end - own.end) > allowed * (start - own.end):
            entry.fault = f"its cost ends at {end:.6g}, {own.name}'s at {own.end:.6g}, from {start:.6g}"
