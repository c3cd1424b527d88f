#!/usr/bin/env bash
# Install the newest version of everything into a fresh environment, run the tests there, and when they pass
# write the versions into constraints.txt. Run it with the oldest supported Python (PYTHON=python3.11), so that
# every supported Python finds a wheel of each version.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3.11}
venv=.venv-newest
rm -rf "$venv"
"$python" -m venv "$venv"
"$venv/bin/python" -m pip install --disable-pip-version-check --quiet --editable ".[test,check]"
"$venv/bin/python" -m pytest -n auto -q

{
    sed -n '/^#/p' constraints.txt
    "$venv/bin/python" -m pip list --disable-pip-version-check --format=freeze |
        grep -viE '^(layerwise|pip|setuptools|wheel)==' | LC_ALL=C sort -f
} >"$venv/constraints.txt"
mv "$venv/constraints.txt" constraints.txt
rm -rf "$venv"
echo "constraints.txt holds $(grep -c == constraints.txt) tested versions; see what changed with: git diff constraints.txt"
