"""The examples of the documentation run, in the order of the page, as a reader would run them.

Each page gets one empty folder. Its ```python blocks share one namespace, as in one session of Python; its
```bash, ```sh and ```console blocks that start with `layerwise ` are run by the shell. A block with `no-run`
after the language is left alone, and so is a block in any other language. A block ```text output that stands
directly after a ```python block is what that block prints. A page in Chinese is not run again: another test
shows that it holds the same program and the same output as the English one.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from page_blocks import Block, blocks_to_run

REPOSITORY = Path(__file__).resolve().parents[2]


def run_page(page: Path, blocks: list[Block]) -> None:
    """Run the blocks in the current folder; fails with the page's line where a block fails."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks:
        if block.language == "python":
            # Empty lines in front make a traceback name the page's own line.
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile("\n" * (block.line - 1) + block.code, str(page), "exec"), namespace)
            print(printed.getvalue(), end="")
            if block.output is not None:
                place = f"{page.name}, line {block.line}: the block prints something else than the page says"
                assert printed.getvalue() == block.output, place
        else:
            _run_in_the_shell(page, block)


def _run_in_the_shell(page: Path, block: Block) -> None:
    shell = shutil.which("bash")
    if shell is None:
        pytest.skip("no bash to run the shell examples with")
    commands = re.sub(r"^\$ ", "", block.code, flags=re.MULTILINE)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    finished = subprocess.run(
        [shell, "-euo", "pipefail", "-c", commands],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert finished.returncode == 0, (
        f"{page.name}, line {block.line}: exit status {finished.returncode}\n{commands}\n"
        f"{finished.stdout}\n{finished.stderr}"
    )


PAGES = [
    page
    for page in (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md")))
    if not page.name.endswith(".zh-CN.md")
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_the_examples_of_the_page_run(page: Path):
    run_page(page, blocks_to_run(page.read_text("utf-8")))


PAGE_OF_ALL_KINDS = """\
# A page

```python
x = 1
```

```python no-run
raise RuntimeError("not to be run")
```

```text
layerwise train
```

```bash
make demo
```

```bash
layerwise --help
```
"""


def test_only_python_and_layerwise_commands_are_run():
    blocks = blocks_to_run(PAGE_OF_ALL_KINDS)
    assert [(block.language, block.code) for block in blocks] == [
        ("python", "x = 1\n"),
        ("bash", "layerwise --help\n"),
    ]
    assert PAGE_OF_ALL_KINDS.splitlines()[blocks[0].line - 1] == "x = 1"


def test_a_broken_example_names_its_line():
    page = Path("page.md")
    with pytest.raises(ZeroDivisionError) as raised:
        run_page(page, blocks_to_run("text\n\n```python\na = 1\nb = a / 0\n```\n"))
    frame = raised.traceback[-1]
    assert (str(frame.path), frame.lineno + 1) == ("page.md", 5)


def test_later_examples_of_a_page_know_what_earlier_ones_defined():
    run_page(Path("page.md"), blocks_to_run("```python\na = 1\n```\nand\n```python\nassert a == 1\n```\n"))


def test_a_page_that_says_something_else_than_its_example_prints_is_found():
    text = "```python\nprint(1 + 1)\n```\n\n```text output\n{}\n```\n"
    run_page(Path("page.md"), blocks_to_run(text.format(2)))
    with pytest.raises(AssertionError, match=r"page\.md, line 2"):
        run_page(Path("page.md"), blocks_to_run(text.format(3)))


def test_an_output_belongs_only_to_the_example_directly_before_it():
    text = "```python\nx = 1\n```\nWords between.\n\n```text output\n5\n```\n"
    assert [block.output for block in blocks_to_run(text)] == [None]
