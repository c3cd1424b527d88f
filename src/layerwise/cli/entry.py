"""The way in and every way out. Status 0: it worked; 1: the work failed; 2: call or input are wrong."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import traceback
from types import FrameType
from typing import NoReturn

from layerwise._version import __version__
from layerwise.errors import InputError, LayerwiseError

INTERRUPTED = 130
SHOW_CURSOR = "\x1b[?25h"
_DISK_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


def main() -> None:
    """Run the shell command with the process's arguments and end the process."""
    _print_what_the_terminal_cannot()
    with contextlib.suppress(ValueError, OSError):
        signal.signal(signal.SIGTERM, _end)
    try:
        status = _run()
        with contextlib.suppress(AttributeError):
            sys.stdout.flush()
    except BrokenPipeError:
        status = _without_a_reader()
    except OSError as error:
        status = _complain(InputError(f"cannot write the output: {error.strerror or error}"))
        _without_a_reader()
    sys.exit(status)


def _run() -> int | str | None:
    from layerwise.cli.shell import app

    try:
        app(prog_name="layerwise")
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _say_interrupted()
        return end.code
    except LayerwiseError as error:
        return _complain(error)
    except KeyboardInterrupt:
        _say_interrupted()
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except MemoryError:
        print(
            "Error: there is not enough memory for this table; use fewer columns (--only) or fewer rows",
            file=sys.stderr,
        )
        return 1
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _DISK_FULL:
            return _complain(InputError(f"cannot write {error.filename or 'a file'}: {error.strerror}"))
        return _admit(error)
    return 0


def _say_interrupted() -> None:
    print("\nInterrupted; no unfinished file is left.", file=sys.stderr)


def _complain(error: LayerwiseError) -> int:
    from layerwise.cli.consoles import say_error

    say_error(str(error))
    return 2 if isinstance(error, InputError) else 1


def _admit(error: Exception) -> int:
    traceback.print_exception(error)
    print(
        f"\nError: this is a bug in layerwise {__version__}, not in your data or your call. Please report "
        "the lines above, with the command.",
        file=sys.stderr,
    )
    return 1


def _without_a_reader() -> int:
    """Nobody reads standard output any more (`| head`): keep Python from saying so at its end."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    return 1


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """End at once on SIGTERM, leaving no half-written file and a terminal that shows its cursor."""
    unfinished = sys.modules.get("layerwise.runs.unfinished")
    if unfinished is not None:
        unfinished.remove_everything()
    with contextlib.suppress(OSError, ValueError):
        if sys.stderr.isatty():
            sys.stderr.write(SHOW_CURSOR)
            sys.stderr.flush()
    os._exit(128 + number)


def _print_what_the_terminal_cannot() -> None:
    """A letter that the terminal's encoding does not have becomes a question mark, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
