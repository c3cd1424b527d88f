"""Build the wheel, with the machine code of every kernel in it: whoever installs it waits for no compiler.

    tools/build_wheel.py [--into dist] [--plain]      as `make wheel` does

The code is for the levels of x86-64 that `layerwise.engine.compiled.processor` knows, under Linux, and is
made under Linux on x86-64, whatever the processor's own level; elsewhere the wheel is plain. Nothing of this
is needed to run layerwise: code that is not there, or is for other sources, is compiled when it is called.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("pyproject.toml", "README.md", "LICENSE")
INSIDE = "layerwise/engine/compiled/shipped"
# One process for each level and precision.
COMPILE = """
import sys
from pathlib import Path
from layerwise.engine.compiled.kernels import every_kernel
for kernel in every_kernel(sys.argv[1]):
    if not kernel.ship(Path(sys.argv[2])):
        sys.exit(f"{kernel.name} needs the compiler in its process, and cannot be shipped")
"""


def compile_kernels(sources: Path) -> None:
    """Write the machine code of all kernels into the package under `sources`."""
    from layerwise.engine.compiled.processor import LEVELS
    from layerwise.engine.contract import DTYPES

    def one(task: tuple[str, str]) -> None:
        level, real = task
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
        environment |= {"NUMBA_CPU_NAME": level, "PYTHONPATH": str(sources)}
        # In a folder of its own: in the caller's there may be a file of settings.
        subprocess.run(
            [sys.executable, "-c", COMPILE, real, str(sources / INSIDE)],
            env=environment,
            cwd=sources,
            check=True,
        )

    with ThreadPoolExecutor(os.cpu_count() or 1) as processes:
        list(processes.map(one, product(LEVELS, DTYPES)))


def kernels_in(wheel: Path) -> int:
    with zipfile.ZipFile(wheel) as content:
        return sum(name.startswith(INSIDE) for name in content.namelist())


def build(into: Path, *, plain: bool) -> Path:
    """The wheel that was built."""
    # Apart from the sources, so that these stay as they are.
    with tempfile.TemporaryDirectory() as place:
        stage = Path(place)
        for name in NEEDED:
            shutil.copy(ROOT / name, stage)
        unwanted = shutil.ignore_patterns("__pycache__", "*.nb?", "shipped")
        shutil.copytree(ROOT / "src", stage / "src", ignore=unwanted)
        if not plain:
            compile_kernels(stage / "src")
        made = len(list((stage / "src" / INSIDE).glob("*")))
        built = stage / "built"
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
        subprocess.run([*pip, "--wheel-dir", str(built), str(stage)], check=True)
        (wheel,) = built.glob("*.whl")
        if kernels_in(wheel) != made:
            raise SystemExit(f"the wheel has {kernels_in(wheel)} of {made} compiled kernels")
        into.mkdir(parents=True, exist_ok=True)
        return Path(shutil.move(wheel, into / wheel.name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="the folder for the wheel [dist]")
    parser.add_argument("--plain", action="store_true", help="without machine code")
    chosen = parser.parse_args()
    here = sys.platform == "linux" and platform.machine() == "x86_64"
    if not (here or chosen.plain):
        print("Machine code is shipped for Linux on x86-64 alone: this wheel is plain.", file=sys.stderr)
    started = time.monotonic()
    wheel = build(chosen.into, plain=chosen.plain or not here)
    size, seconds = wheel.stat().st_size / 1e6, time.monotonic() - started
    print(
        f"{wheel}: {size:.1f} MB, {kernels_in(wheel)} compiled kernels, built in {seconds:.0f} s",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
