#!/usr/bin/env bash
# Make the project's own environment (.venv) ready, and install into it only what is missing.
#
#   tools/environment.sh run     layerwise and what it needs
#   tools/environment.sh test    ... and what its tests need
#   tools/environment.sh check   ... and the linter, the type checker and the import checker
#   tools/environment.sh bench   what the tests need and the peers of the benchmarks, in .venv-bench
#
# PYTHON=/path/to/python chooses the interpreter; otherwise the first that works of python3.13, python3.12,
# python3.11, python3 is taken. layerwise is installed in place, so an edited file is the one that runs.
# A second call does nothing until pyproject.toml or constraints.txt changes, or the folder moves.
set -euo pipefail
cd "$(dirname "$0")/.."
place=$(pwd -P)

purpose=${1:?say what for: run, test, check or bench}
venv=.venv

case $purpose in
    run) extra="" what="layerwise and what it needs" ;;
    test) extra="[test]" what="layerwise and what its tests need" ;;
    check) extra="[check]" what="layerwise and the checkers" ;;
    bench) extra="[test,bench]" what="layerwise and its peers (a gigabyte)" venv=.venv-bench ;;
    *) echo "tools/environment.sh: unknown purpose '$purpose': choose run, test, check or bench" >&2; exit 2 ;;
esac
log=$venv/install.log
versions=(constraints.txt)
[ "$purpose" != bench ] || versions+=(benchmarks/constraints.txt)

# A command of that name may exist and still not run (version managers leave such stand-ins), so each is tried.
# Some systems package Python without ensurepip; then its own pip must do.
runs() { "$1" -c "$2" </dev/null >/dev/null 2>&1; }
has() { runs "$1" "import $2"; }
works() {
    runs "$1" 'import sys, venv; sys.exit(sys.version_info < (3, 11))' && { has "$1" ensurepip || has "$1" pip; }
}

# An environment at $venv with pip in it, made by the interpreter $1.
make_environment() {
    if has "$1" ensurepip; then
        "$1" -m venv "$venv"
    else
        "$1" -m venv --without-pip "$venv" &&
            "$1" -m pip --python "$venv/bin/python" install --disable-pip-version-check pip
    fi
}

find_python() {
    local name candidate
    if [ -n "${PYTHON:-}" ]; then
        if works "$PYTHON"; then command -v "$PYTHON"; return; fi
        echo "PYTHON=$PYTHON does not run, is older than 3.11, or lacks the modules venv and pip." >&2
        return 1
    fi
    for name in python3.13 python3.12 python3.11 python3 python; do
        while IFS= read -r candidate; do
            case $candidate in "$place/$venv"/*) continue ;; esac
            if works "$candidate"; then printf '%s\n' "$candidate"; return; fi
        done < <(type -aP "$name" || true)
    done
    {
        echo "layerwise needs Python 3.11 or newer with the modules venv and pip, and found none on PATH."
        echo "Install one (Debian, Ubuntu: apt install python3-venv; others: https://www.python.org/downloads/),"
        echo "or name it: make PYTHON=/path/to/python3.12 ..."
    } >&2
    return 1
}

# What an installation depends on, in one line of text: when it differs, the installation is made anew.
fingerprint() {
    cat pyproject.toml "${versions[@]}" | cksum
}

# Standard output and error of the command go to the log; they are shown when it fails.
logged() {
    if ! "$@" >>"$log" 2>&1; then
        echo "failed. What the installer said:" >&2
        cat "$log" >&2
        exit 1
    fi
}

identity_of() { "$1" -c 'import sys; print(sys.version.replace("\n", " "), sys.base_prefix)'; }
remembered() { sed -n "$1p" "$venv/made-for" 2>/dev/null || true; }

# An environment cannot be moved: its commands hold its path. One that somebody else made here is taken over.
usable=no
if works "$venv/bin/python" && has "$venv/bin/python" pip; then
    [ -e "$venv/made-for" ] || printf '%s\n' "$place" "$(identity_of "$venv/bin/python")" >"$venv/made-for"
    [ "$(remembered 1)" != "$place" ] || usable=yes
    if [ $usable = yes ] && [ -n "${PYTHON:-}" ]; then
        python=$(find_python)
        [ "$(remembered 2)" = "$(identity_of "$python")" ] || usable=no
    fi
fi
if [ $usable = no ]; then
    python=$(find_python)
    rm -rf "$venv"
    mkdir "$venv"
    logged make_environment "$python"
    printf '%s\n' "$place" "$(identity_of "$python")" >"$venv/made-for"
fi

stamp=$venv/installed-for-$purpose
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$(fingerprint)" ]; then exit 0; fi

version=$("$venv/bin/python" -c 'import platform; print(platform.python_version())')
printf 'Installing %s into %s with Python %s (about a minute) ... ' "$what" "$venv" "$version" >&2
started=$SECONDS
: >"$log"
install=("$venv/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off
    "${versions[@]/#/--constraint=}")
if [ "$purpose" = bench ]; then
    # PyTorch's builds without CUDA have an index of their own; PyPI's for Linux brings gigabytes of it. Where
    # that index cannot be reached, the next line takes PyPI's.
    "${install[@]}" --no-deps --retries 1 --index-url https://download.pytorch.org/whl/cpu torch \
        >>"$log" 2>&1 || true
fi
logged "${install[@]}" --editable ".$extra"
fingerprint >"$stamp"
# What a larger installation brings, the plain one has too.
fingerprint >"$venv/installed-for-run"
echo "done in $((SECONDS - started)) s." >&2
