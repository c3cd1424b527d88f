"""`layerwise check`, as a person calls it: on a run, and on code of one's own."""

from __future__ import annotations

import json

import numpy as np
import pytest
from shell_process import layerwise

OWN_CODE = """
import numpy as np

random = np.random.default_rng(0)
X, Y = random.normal(size=(4, 30)), (random.random((1, 30)) > 0.5) * 1.0
print("read")


def forward(theta):
    A1 = np.tanh(theta["W1"] @ X + theta["b1"])
    return A1, theta["W2"] @ A1 + theta["b2"]


def cost(theta):
    Z2 = forward(theta)[-1]
    return np.mean(np.logaddexp(0, Z2) - Y * Z2)


def right(theta):
    A1, Z2 = forward(theta)
    dZ2 = (1 / (1 + np.exp(-Z2)) - Y) / 30
    dZ1 = theta["W2"].T @ dZ2 * (1 - A1**2)
    return {"dW1": dZ1 @ X.T, "db1": dZ1.sum(1, keepdims=True), "dW2": dZ2 @ A1.T, "db2": dZ2.sum(1)}


def gradient(theta):
    found = right(theta)
    return found | {"dW2": 2 * found["dW2"], "db1": 4 * found["db1"]}


def flat(theta):
    return {name: value.ravel() for name, value in right(theta).items()}


def not_finite(theta):
    return float("nan")


def drawn(theta):
    return cost(theta) + random.random()


def in_place(theta):
    theta["W1"] *= 0.9
    return cost(theta)


def fails(theta):
    return theta["W9"]


number = 3
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder with my_backprop.py and theta.npz."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "my_backprop.py").write_text(OWN_CODE)
    random = np.random.default_rng(1)
    theta = {
        "W1": random.normal(size=(5, 4)),
        "b1": np.zeros((5, 1)),
        "W2": random.normal(size=(1, 5)),
        "b2": np.zeros((1, 1)),
    }
    np.savez(folder / "theta.npz", **theta)
    np.savez(folder / "whole.npz", **{name: np.ones(a.shape, dtype=int) for name, a in theta.items()})
    np.savez(folder / "single.npz", **{name: a.astype(np.float32) for name, a in theta.items()})
    np.save(folder / "objects.npy", np.array([{}], dtype=object))
    (folder / "junk.npz").write_text("junk")
    (folder / "broken.py").write_text("def f(:\n")
    return folder


def asked(gradient="my_backprop.py:right", cost="my_backprop.py:cost", theta="theta.npz", *more):
    return ("check", gradient, "--cost", cost, "--theta", theta, *more)


def test_a_wrong_gradient_ends_with_1_and_says_which_how_and_where(own):
    said = layerwise(*asked("my_backprop.py:gradient"), folder=own)
    assert said.status == 1
    first, *rest = said.out.splitlines()
    assert first.startswith("The gradient is wrong, first in dW2: difference ")
    assert rest == [
        "dW2 (scaled): dW2 is 2.000 times too large.",
        "db1 (scaled): db1 is 4.000 times too large.",
    ]
    assert said.err == "read\n"


def test_a_right_gradient_ends_with_0(own):
    said = layerwise(*asked(), folder=own)
    assert said.status == 0, said.err
    assert said.out.startswith("The gradient is right: difference ")


def test_the_answer_for_programs_holds_the_sweep_and_nothing_else_is_printed(own, here, tmp_path):
    picture = tmp_path / "sweep.png"
    said = here(*asked("my_backprop.py:gradient"), "--json", "--sweep", picture, folder=own)
    assert said.status == 1
    found = json.loads(said.out)
    assert (found["passed"], found["culprit"]) == (False, "W2")
    assert found["parameters"]["W2"]["cause"] == "scaled"
    assert found["parameters"]["W2"]["factor"] == pytest.approx(2)
    assert len(found["sweep"]["steps"]) == len(found["sweep"]["differences"])
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_gradient_may_come_from_a_file(own, here):
    import runpy

    with np.load(own / "theta.npz") as theta:
        found = runpy.run_path(str(own / "my_backprop.py"))["right"](dict(theta))
    np.savez(own / "gradient.npz", **found)
    assert here(*asked("gradient.npz"), folder=own).status == 0


def test_pages_and_pictures_are_written_whole_and_load_nothing(own, here, tmp_path):
    page, picture = tmp_path / "check.html", tmp_path / "sweep.svg"
    said = here(*asked(), "--html", page, "--sweep", picture, folder=own)
    assert said.status == 0
    assert "truncation" in said.out
    assert "rounding" in said.out
    html, svg = page.read_text(), picture.read_text()
    assert "<table>" in html
    assert html.count('class="heat"') == 4
    assert "truncation" in html
    assert svg.startswith("<svg ")
    assert "prefers-color-scheme:dark" in svg
    for text in (html, svg):
        assert "://" not in text.replace("http://www.w3.org", "")


def test_a_sweep_answers_the_notes_puzzle(own, here, tmp_path):
    said = here(*asked(), "--json", "--sweep", tmp_path / "sweep.html", folder=own)
    sweep = json.loads(said.out)["sweep"]
    found = dict(zip(sweep["steps"], sweep["differences"], strict=True))
    assert found[1e-1] > 1e-4 > found[1e-5] < found[1e-12]
    assert sweep["chosen"] < min(found.values())


def test_a_fixed_step_decides_as_the_notes_epsilon_does(own, here):
    assert here(*asked(), "--step", "1e-7", folder=own).status == 0
    said = here(*asked(), "--step", "1e-12", folder=own)
    assert said.status == 1
    assert "The gradient is right: with a step chosen for each entry" in said.out


def test_constants_are_named_in_the_verdict(own, here):
    said = here(*asked("my_backprop.py:gradient"), "--constant", "units=4", folder=own)
    assert said.status == 1
    assert "4.000 is units" in said.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (asked(cost="my_backprop.py:not_finite"), "cost(theta) is nan; expected a finite number"),
        (asked(cost="my_backprop.py:drawn"), "at the same theta; hold what is drawn at random fixed"),
        (asked(cost="my_backprop.py:in_place"), "cost changes theta['W1'] in place"),
        (asked(cost="my_backprop.py:fails"), 'my_backprop.py:fails failed in line 49 (return theta["W9"])'),
        (asked(gradient="my_backprop.py:fails"), "KeyError: 'W9'"),
        (asked(cost="my_backprop.py:number"), "number in my_backprop.py is int; expected a function"),
        (asked(cost="my_backprop.py:costs"), "did you mean 'cost'?"),
        (
            asked(gradient="my_backprop.py:flat"),
            "shape (20,); expected (5, 4), its parameter's: it is flattened",
        ),
        (asked(theta="whole.npz"), "theta['W1'] is int64"),
        (asked(theta="objects.npy"), "objects.npy cannot be read"),
        (asked(theta="junk.npz"), "junk.npz is no file of NumPy's, as np.savez makes"),
        (asked(theta="none.npz"), "there is no file none.npz"),
        (asked(theta="theta.txt"), "expected a number, or a file that ends in .npz or .npy"),
        (asked(theta="3"), "TypeError: 'float' object is not subscriptable"),
        (asked(gradient="broken.py:f"), "broken.py cannot be run: SyntaxError"),
        (asked(gradient="none.py:f"), "there is no file none.py"),
        (("check", "my_backprop.py:right", "--theta", "theta.npz"), "--cost FILE.py:FUNCTION is missing"),
        (("check", "my_backprop.py:right", "--cost", "my_backprop.py:cost"), "--theta FILE is missing"),
        (("check", "my_backprop.py"), "my_backprop.py names no function; expected FILE.py:FUNCTION"),
        (("check", "no-run"), "no such folder"),
        (("check", "no-run", "--cost", "my_backprop.py:cost"), "'no-run' would be a run"),
        ((*asked(), "--sweep", "sweep.gif"), "expected a file that ends in .svg, .png or .html"),
        ((*asked(), "--html", "."), "--html is '.', a folder"),
        ((*asked(), "--constant", "m"), "expected NAME=VALUE, such as m=209"),
        ((*asked(), "--tolerance", "0"), "tolerance is 0.0; expected a number above 0"),
        ((*asked(), "--step", "-1"), "step is -1.0; expected a number above 0"),
    ],
)
def test_bad_input_ends_with_2_and_a_sentence(own, here, arguments, says):
    said = here(*arguments, folder=own)
    assert said.status == 2
    assert says in " ".join(said.err.split())
    assert "Traceback" not in said.err
    assert said.out == ""


def test_data_goes_with_a_run_only(own, here):
    said = here("check", "my_backprop.py:right", "rows.csv", folder=own)
    assert said.status == 2
    assert "DATA (rows.csv) goes with a run" in said.err


def test_single_precision_by_accident_is_said(own, here):
    said = here(*asked(theta="single.npz"), folder=own)
    assert said.status == 0
    assert said.out.count("are float32; they were checked as float64") == 1


def test_a_run_is_checked_on_its_own_table_and_on_others(iris, here):
    said = layerwise("check", iris.run, folder=iris.folder)
    assert said.status == 0, said.err
    assert said.out.startswith("The gradient is right")
    assert "tolerance 0.0001" in said.out
    assert here("check", iris.run, "demo:iris", folder=iris.folder).status == 0
    said = here("check", iris.run, "none.csv", folder=iris.folder)
    assert said.status == 2
    assert "there is no file none.csv" in said.err


def test_a_run_with_text_groups_and_gaps_is_checked(people, here):
    assert here("check", people.run, folder=people.folder).status == 0


def test_help_shows_how_in_examples(here):
    said = here("check", "--help")
    assert said.status == 0
    for words in (
        "layerwise check runs/iris-1",
        "--cost my_backprop.py:cost",
        "--sweep sweep.svg",
        "Exit status 1",
    ):
        assert words in " ".join(said.out.split())
