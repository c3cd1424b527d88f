"""`course.check` finds each kind of mistake and names it, and finds nothing in what is right."""

from __future__ import annotations

import numpy as np
import pytest

from layerwise.course import building, check, optimization, regularization
from layerwise.course._exercises import EXERCISES
from layerwise.errors import InputError


def right(dZ, cache):
    A_prev, W, _ = cache
    m = A_prev.shape[1]
    return np.dot(W.T, dZ), 1 / m * np.dot(dZ, A_prev.T), 1 / m * np.sum(dZ, axis=1, keepdims=True)


def linear_backward(**changed):
    """The right function with some of its outputs replaced: dW=lambda dA_prev, dW, db, m: ..."""

    def answer(dZ, cache):
        outputs = dict(zip(("dA_prev", "dW", "db"), right(dZ, cache), strict=True))
        results = outputs | {name: change(**outputs, m=dZ.shape[1]) for name, change in changed.items()}
        return tuple(results.values())

    return answer


def test_a_right_answer_passes_and_says_so():
    answer = check("linear_backward", right)
    assert answer.passed
    assert answer
    assert answer.findings == ()
    assert str(answer) == "building.linear_backward: right. The same as layerwise's on 5 random cases."
    assert repr(answer) == answer.text


@pytest.mark.parametrize("name", EXERCISES)
def test_layerwises_own_function_passes(name):
    assert check(name, EXERCISES[name].function).passed


@pytest.mark.parametrize(
    ("name", "sentence"), [(name, said) for name, exercise in EXERCISES.items() for said in exercise.mistakes]
)
def test_a_known_mistake_is_called_by_its_name(name, sentence):
    answer = check(name, EXERCISES[name].mistakes[sentence])
    assert not answer.passed
    assert answer.findings == (sentence,)


def changed_in_place(dZ, cache):
    results = right(dZ, cache)
    dZ *= 2
    return results


def returns_nothing(dZ, cache):
    right(dZ, cache)


def raises(dZ, cache):
    raise ZeroDivisionError("division by zero")


def raises_at_times(dZ, cache):
    if len(dZ) == 1:
        raise ValueError("one unit")
    return right(dZ, cache)


def in_another_order(dZ, cache):
    dA_prev, dW, db = right(dZ, cache)
    return dA_prev, db, dW


def in_single_precision(dZ, cache):
    return tuple(array.astype(np.float32) for array in right(dZ, cache))


def as_lists(dZ, cache):
    return tuple(array.tolist() for array in right(dZ, cache))


PLANTED = {
    "dW has the wrong sign": linear_backward(dW=lambda dW, **_: -dW),
    "dW is m times too large: the 1/m is missing": linear_backward(dW=lambda dW, m, **_: m * dW),
    "dW has the wrong sign and is m times too large": linear_backward(dW=lambda dW, m, **_: -m * dW),
    "dA_prev is m times too small": linear_backward(dA_prev=lambda dA_prev, m, **_: dA_prev / m),
    "db is 3 times too large": linear_backward(db=lambda db, **_: 3 * db),
    "db is 4 times too small": linear_backward(db=lambda db, **_: db / 4),
    "dW is divided by m - 1, expected m": linear_backward(dW=lambda dW, m, **_: dW * m / (m - 1)),
    "expected (2, 3): it is transposed": linear_backward(dW=lambda dW, **_: dW.T),
    "expected (2, 1): an axis is lost; sum with keepdims=True, or reshape(2, 1)": linear_backward(
        db=lambda db, **_: db.ravel()
    ),
    "is the sum taken over axis=1, the examples": lambda dZ, cache: (
        *right(dZ, cache)[:2],
        dZ.sum(axis=0, keepdims=True) / dZ.shape[1],
    ),
    "db is the number": lambda dZ, cache: (*right(dZ, cache)[:2], np.sum(dZ) / dZ.shape[1]),
    "db holds the sum over everything in each place": lambda dZ, cache: (
        *right(dZ, cache)[:2],
        np.full((len(dZ), 1), dZ.sum() / dZ.shape[1]),
    ),
    "db is +0.25 off everywhere": linear_backward(db=lambda db, **_: db + 0.25),
    "dW holds nan where it should be finite": linear_backward(dW=lambda dW, **_: dW * np.nan),
    "dW is int64 and so cut off to whole numbers": linear_backward(dW=lambda dW, **_: dW.astype(np.int64)),
    "each of dA_prev, dW and db is float32, expected float64": in_single_precision,
    "each of dW and db is a list of 2, expected an array": as_lists,
    "dW is complex128, expected real numbers": linear_backward(dW=lambda dW, **_: dW + 0j),
    "dW is an np.matrix": linear_backward(dW=lambda dW, **_: np.asmatrix(dW)),
    "has the right parts in the order dW, db, dA_prev; expected dA_prev, dW, db": lambda dZ, cache: (
        *right(dZ, cache)[1:],
        right(dZ, cache)[0],
    ),
    "db has shape (2, 2), expected (2, 1): a row and a column were broadcast to a matrix": linear_backward(
        db=lambda db, **_: db + db.T
    ),
    "dW is None": linear_backward(dW=lambda **_: None),
    "has dW and db in each other's place": in_another_order,
    "holds 2 values, expected 3 values (dA_prev, dW, db)": lambda dZ, cache: right(dZ, cache)[:2],
    "the result is one array of shape (3, 5), expected 3 values": lambda dZ, cache: right(dZ, cache)[0],
    "it returns None; is the `return` forgotten?": returns_nothing,
    "it raises ZeroDivisionError: division by zero   (given dZ (2, 5), cache tuple)": raises,
    "it raises ValueError: one unit in 1 of 5 cases": raises_at_times,
    "it raises TypeError: ": lambda dZ: dZ,
    "it changes its argument dZ in place": changed_in_place,
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("sentence", PLANTED)
def test_a_planted_mistake_is_named(sentence):
    answer = check("linear_backward", PLANTED[sentence])
    assert not answer.passed
    assert sentence in answer.text


def test_every_output_that_is_wrong_has_its_own_line():
    answer = check(
        "building.linear_backward", linear_backward(dW=lambda dW, **_: -dW, db=lambda db, **_: 2 * db)
    )
    assert answer.text.splitlines() == [
        "building.linear_backward: 2 things differ from layerwise's on 5 random cases.",
        "  - dW has the wrong sign",
        "  - db is 2 times too large",
    ]


def test_outputs_that_are_wrong_in_the_same_way_share_a_line():
    answer = check(
        "regularization.backward_propagation",
        lambda *arguments: {
            name: -value for name, value in regularization.backward_propagation(*arguments).items()
        },
    )
    assert answer.findings == (
        'each of gradients["dZ3"], gradients["db3"], gradients["dW3"], gradients["dA2"] and 7 more has the '
        "wrong sign",
    )


def test_only_the_first_findings_are_printed_and_all_are_kept():
    def adds_one(X, parameters):
        return building.L_model_forward(X + 1, parameters)

    answer = check("L_model_forward", adds_one)
    assert len(answer.findings) == 7
    assert len(answer.text.splitlines()) == 1 + 6 + 1
    assert answer.text.endswith("... and 1 more: see findings")


def test_parts_of_a_cache_go_by_their_names():
    def masks_swapped(X, parameters, keep_prob):
        A3, (Z1, D1, A1, *rest) = regularization.forward_propagation_with_dropout(X, parameters, keep_prob)
        return A3, (Z1, ~D1, A1, *rest)

    (finding,) = check("forward_propagation_with_dropout", masks_swapped).findings
    assert finding.startswith("D1 of cache is ")
    answer = check("linear_forward", lambda A, W, b: (W @ A + b, (W, A, b)))
    assert answer.findings == ("cache has A_prev and W in each other's place",)
    answer = check(
        "random_mini_batches",
        lambda *arguments: [(Y, X) for X, Y in optimization.random_mini_batches(*arguments)],
    )
    assert "has X and Y in each other's place" in answer.text


def test_zeros_of_whole_numbers_are_no_velocity():
    """`v -= ...` on them raises an error of NumPy's."""
    answer = check(
        "initialize_velocity",
        lambda parameters: {f"d{name}": np.zeros(value.shape, int) for name, value in parameters.items()},
    )
    assert "is int64, expected float64" in answer.text
    assert check("predict", lambda X, y, p: building.predict(X, y, p).astype(int)).passed


def test_a_start_that_another_seed_gave_is_recognised_all_the_same():
    """He's start in a model that should start from randn / sqrt(n[l-1]), with the course's own seed."""

    def L_layer_model(X, Y, layers_dims, learning_rate, num_iterations):
        np.random.seed(1)
        parameters = {}
        for layer in range(1, len(layers_dims)):
            n_prev, n = layers_dims[layer - 1 : layer + 1]
            parameters[f"W{layer}"] = np.random.randn(n, n_prev) * np.sqrt(2 / n_prev)
            parameters[f"b{layer}"] = np.zeros((n, 1))
        for _ in range(num_iterations):
            AL, caches = building.L_model_forward(X, parameters)
            grads = building.L_model_backward(AL, Y, caches)
            parameters = building.update_parameters(parameters, grads, learning_rate)
        return parameters

    answer = check("L_layer_model", L_layer_model)
    assert answer.findings == (
        "it starts from He's initialization; this model starts from randn / sqrt(n[l-1])",
    )


def test_a_transposed_weight_is_seen_in_a_square_too():
    answer = check("linear_forward", lambda A, W, b: ((W.T if W.shape == (4, 4) else W) @ A + b, (A, W, b)))
    (finding,) = answer.findings
    assert finding.startswith("Z is ")
    assert finding.endswith("16 of 16 entries differ")
    answer = check("linear_backward", linear_backward(dW=lambda dW, **_: dW.T if dW.shape == (4, 4) else dW))
    assert answer.findings == ("dW is transposed",)


@pytest.mark.parametrize(("log", "words"), [(np.log2, "log2"), (np.log10, "log10")])
def test_another_logarithm_is_recognised(log, words):
    answer = check("compute_cost", lambda AL, Y: -np.mean(Y * log(AL) + (1 - Y) * log(1 - AL)))
    assert f"the logarithm is {words}, expected the natural one" in answer.text


def test_a_cost_in_brackets_is_told_to_be_squeezed():
    answer = check("compute_cost", lambda AL, Y: np.array([[building.compute_cost(AL, Y)]]))
    assert "has shape (1, 1), expected (), a number: np.squeeze makes one of it" in answer.text


def test_a_misspelt_key_is_shown_beside_the_right_one():
    def lower_case(parameters):
        return {
            f"dw{name[1:]}" if name[0] == "W" else f"d{name}": 0 * value for name, value in parameters.items()
        }

    answer = check("initialize_velocity", lower_case)
    assert "v has no 'dW1', 'dW2', 'dW3'; 'dw1' is spelt 'dW1'" in answer.text


def test_the_notes_own_update_passes_with_a_remark_on_its_dictionary():
    """Figure 13 as it stands."""

    def update_parameters(parameters, grads, learning_rate):
        for layer in range(len(parameters) // 2):
            for key in (f"W{layer + 1}", f"b{layer + 1}"):
                parameters[key] = parameters[key] - learning_rate * grads[f"d{key}"]
        return parameters

    answer = check("update_parameters", update_parameters)
    assert answer.passed
    assert answer.remarks == ("it writes into the dictionary parameters that it is given, as the note does",)
    assert answer.remarks[0] in answer.text


def test_an_update_that_overwrites_the_arrays_themselves_does_not_pass():
    def update_parameters(parameters, grads, learning_rate):
        for key, value in parameters.items():
            value -= learning_rate * grads[f"d{key}"]
        return parameters

    answer = check("update_parameters", update_parameters)
    assert answer.findings == (
        'it changes its argument parameters["W1"], parameters["b1"], parameters["W2"], parameters["b2"] '
        "and 2 more in place; the caller may still need it: work on a copy",
    )


def test_the_notes_own_dropout_passes():
    """Figure 22 as it stands, with np.random.rand."""

    def forward_propagation_with_dropout(X, parameters, keep_prob=0.5):
        W1, b1, W2, b2, W3, b3 = (parameters[f"{key}{layer}"] for layer in (1, 2, 3) for key in "Wb")
        Z1 = np.dot(W1, X) + b1
        A1 = np.maximum(0, Z1)
        D1 = np.random.rand(A1.shape[0], A1.shape[1])
        D1 = keep_prob > D1
        A1 = A1 * D1
        A1 = A1 / keep_prob
        Z2 = np.dot(W2, A1) + b2
        A2 = np.maximum(0, Z2)
        D2 = np.random.rand(A2.shape[0], A2.shape[1])
        D2 = keep_prob > D2
        A2 = A2 * D2
        A2 = A2 / keep_prob
        Z3 = np.dot(W3, A2) + b3
        A3 = 1 / (1 + np.exp(-Z3))
        return A3, (Z1, D1, A1, W1, b1, Z2, D2, A2, W2, b2, Z3, A3, W3, b3)

    assert check("forward_propagation_with_dropout", forward_propagation_with_dropout).passed


def test_the_notes_own_start_passes_whether_or_not_it_sets_the_seed():
    """Figure 16 as it stands, and without its first line."""

    def unseeded(layers_dims):
        parameters = {}
        for layer in range(1, len(layers_dims)):
            shape = layers_dims[layer], layers_dims[layer - 1]
            parameters[f"W{layer}"] = np.random.randn(*shape) * np.sqrt(2.0 / layers_dims[layer - 1])
            parameters[f"b{layer}"] = np.zeros((layers_dims[layer], 1))
        return parameters

    def seeded(layers_dims):
        np.random.seed(3)
        return unseeded(layers_dims)

    assert check("initialize_parameters_he", unseeded).passed
    assert check("initialize_parameters_he", seeded).passed


def test_the_global_generator_is_as_it_was_and_nothing_is_printed(capsys):
    before = np.random.get_state()[1].tolist()
    check("regularization.model", lambda *arguments: print("noise") or regularization.model(*arguments))
    assert np.random.get_state()[1].tolist() == before
    assert capsys.readouterr().out == ""


def test_a_name_that_several_modules_have_must_be_told_apart():
    with pytest.raises(InputError, match=r"choose one of initialization\.model, regularization\.model"):
        check("model", optimization.model)
    assert check("compute_cost", building.compute_cost).passed


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("linear_backwards", "did you mean 'linear_backward'"),
        ("building.relo", "did you mean 'building.relu'"),
    ],
)
def test_an_unknown_name_meets_its_nearest(name, hint):
    with pytest.raises(InputError, match=hint):
        check(name, right)


def test_something_that_cannot_be_called_is_refused():
    with pytest.raises(InputError, match="the answer to relu is a int; expected a function"):
        check("relu", 3)
