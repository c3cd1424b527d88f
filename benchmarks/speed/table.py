"""The results as text: each work with all its contestants, and one line for each work."""

from __future__ import annotations

import math
from collections.abc import Sequence

from speed.rounds import WITHOUT, Result


def _time(seconds: float, steps: int) -> str:
    """Microseconds, to three figures."""
    value = seconds / steps * 1e6
    if math.isnan(value):
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _steps(result: Result) -> int:
    """What a time is divided by: the steps of all networks; predictions count as one."""
    work = result.work
    return 1 if work.kind == "predict" else work.steps * work.seeds


def _unit(result: Result) -> str:
    return "µs" if result.work.kind == "predict" else "µs/step"


def _share(result: Result, seconds: float) -> tuple[float, float]:
    """(GFLOP/s, part of the BLAS peak)."""
    gflops = result.work.flops / seconds / 1e9
    return gflops, gflops / result.peak


def details(result: Result) -> str:
    """All contestants at one work, the fastest peer being 1."""
    peer = result.fastest_peer
    lines = [
        f"{result.work.title}",
        f"  {result.threads} thread{'s' if result.threads > 1 else ''}, BLAS peak {result.peak:.0f} GFLOP/s, "
        f"{result.work.dtype}",
        f"  {'':20s}{_unit(result):>10s}{'of cpu':>10s}{'GFLOP/s':>9s}{'of peak':>9s}{'speed':>8s}"
        f"{'cost':>11s}  written as",
    ]
    for entry in sorted(result.entries, key=lambda entry: entry.seconds):
        gflops, share = _share(result, entry.seconds)
        ratio = f"{peer.seconds / entry.seconds:.2f}" if peer else "-"
        steps = _steps(result)
        part = f" (did {entry.part:.3g} of it)" if entry.part < 1 else ""
        lines.append(
            f"  {entry.name:20s}{_time(entry.seconds, steps):>10s}{_time(entry.cpu_seconds, steps):>10s}"
            f"{gflops:>9.3g}{share:>9.1%}{ratio:>8s}{entry.end:>11.4g}  {entry.prepared['way']}{part}"
        )
        if entry.fault:
            lines.append(f"  {'':20s}FAULT: {entry.fault}")
    lines += [f"  {name:20s}did not take part: {reason}" for name, reason in result.failures.items()]
    return "\n".join(lines)


def summary(results: Sequence[Result]) -> str:
    """One line for each work, as a Markdown table."""
    rows = [
        ("threads", "work", "layerwise", "fastest peer", "times faster", "goal", "of the BLAS peak", "met")
    ]
    for result in results:
        own, peer = result.named("layerwise"), result.fastest_peer
        if own is None:
            continue
        goal, share_goal = result.work.goal, result.work.share_goal
        share = _share(result, own.seconds)[1]
        own_time = f"{_time(own.seconds, _steps(result))} {_unit(result)}"
        peer_time = f"{_time(peer.seconds, _steps(result))}, {peer.name}" if peer else "-"
        ratio = peer.seconds / own.seconds if peer else None
        ratio_text, goal_text = f"{ratio:.2f}" if ratio else "-", f"{goal:g}" if goal else "-"
        met = None if goal is None or ratio is None else ratio >= goal
        without = result.named(WITHOUT)
        if without is not None:
            over = own.seconds / without.seconds
            ratio_text += f"; takes {over:.2f} of without"
            goal_text, met = f"at most {goal:g} of without", over <= (goal or 0)
        # Above the peak the work was done with less arithmetic than its network counts.
        share_text = f"{share:.0%}" if share <= 1 else "less arithmetic"
        share_text += f" of {share_goal:.0%}" if share_goal else ""
        if share_goal:
            met = bool(met) and share >= share_goal
        verdict = "-" if met is None else "yes" if met else "no"
        title = result.work.title + ("" if result.work.dtype == "float32" else f", {result.work.dtype}")
        rows.append(
            (str(result.threads), title, own_time, peer_time, ratio_text, goal_text, share_text, verdict)
        )
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])
