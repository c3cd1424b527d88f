"""Build the wheel, with the machine code of every kernel in it: whoever installs it waits for no compiler.

    tools/build_wheel.py [--into dist] [--plain]      as `make wheel` does

The code is for the levels of x86-64 that `layerwise.engine.compiled.processor` knows, under Linux. It is made
under Linux on such a processor, of whatever level; elsewhere the wheel is plain. Nothing of this is needed to
run layerwise: code that is not there, or is for other sources, is compiled when it is first called.
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
        print(f"{kernel.name} needs the compiler in its process and is left out", file=sys.stderr)
"""


def compile_kernels(sources: Path) -> None:
    """Write the machine code of all kernels into the package under `sources`."""
    from layerwise.engine.compiled.processor import LEVELS
    from layerwise.engine.contract import DTYPES

    def one(task: tuple[str, str]) -> None:
        level, real = task
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
        environment |= {"NUMBA_CPU_NAME": level, "PYTHONPATH": str(sources)}
        subprocess.run(
            [sys.executable, "-c", COMPILE, real, str(sources / INSIDE)], env=environment, check=True
        )

    with ThreadPoolExecutor(os.cpu_count() or 1) as processes:
        list(processes.map(one, product(LEVELS, DTYPES)))


def build(into: Path, *, plain: bool) -> Path:
    """The wheel that was built."""
    # Outside of the repository, whose .gitignore would keep machine code out of the wheel.
    with tempfile.TemporaryDirectory() as place:
        stage = Path(place)
        for name in NEEDED:
            shutil.copy(ROOT / name, stage)
        unwanted = shutil.ignore_patterns("__pycache__", "*.nb?", "shipped")
        shutil.copytree(ROOT / "src", stage / "src", ignore=unwanted)
        if not plain:
            compile_kernels(stage / "src")
        built = stage / "built"
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
        subprocess.run([*pip, "--wheel-dir", str(built), str(stage)], check=True)
        (wheel,) = built.glob("*.whl")
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
    with zipfile.ZipFile(wheel) as content:
        kernels = sum(name.startswith(INSIDE) for name in content.namelist())
    size, seconds = wheel.stat().st_size / 1e6, time.monotonic() - started
    print(f"{wheel}: {size:.1f} MB, {kernels} compiled kernels, built in {seconds:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
