"""The figures that the course behind the note prints, from this network's own pieces."""

import numpy as np
import pytest
from network_cases import Case
from scipy import io
from sklearn.datasets import make_circles, make_moons

from layerwise.formulas.optimizers import OPTIMIZERS
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective
from layerwise.network.parameters import flat_vector, named_views
from layerwise.network.propagation import Dropout, forward
from published_costs import HE_COSTS

CROSS_ENTROPY = Objective("binary_cross_entropy")


def course_case(sizes, seed, scale, X, y, objective=CROSS_ENTROPY) -> Case:
    """ReLU layers and a sigmoid, weights drawn layer by layer from NumPy's legacy generator, biases 0."""
    architecture = Architecture(sizes, ("relu",) * (len(sizes) - 2) + ("sigmoid",))
    legacy = np.random.RandomState(seed)
    start = {}
    for _, n_prev, n, _ in architecture.layers():
        layer = len(start) // 2 + 1
        start[f"W{layer}"] = legacy.randn(n, n_prev) * scale(n_prev)
        start[f"b{layer}"] = np.zeros((n, 1))
    return Case(architecture, objective, flat_vector(start, architecture), X, y.reshape(1, -1).astype(float))


def circles(scale) -> Case:
    X, y = make_circles(300, noise=0.05, random_state=np.random.RandomState(1))
    return course_case((2, 10, 5, 1), 3, scale, X.T, y)


def accuracy(case: Case, X, y) -> float:
    parameters = named_views(case.theta, case.architecture)
    outputs = forward(X, parameters, case.architecture.activations)[-1].A
    return float(np.mean((outputs[0] > 0.5) == y))


def he(n_prev):
    return np.sqrt(2 / n_prev)


def root(n_prev):
    return 1 / np.sqrt(n_prev)


def test_the_he_start_of_the_initialization_study_learns_as_published():
    """15,000 iterations of batch gradient descent at 0.01."""
    case, found = circles(he), {}
    for iteration in range(15_000):
        cost, gradient = case.cost_and_gradient()
        if iteration in HE_COSTS:
            found[iteration] = cost
        (case.theta,) = OPTIMIZERS["gd"].rule(case.theta, gradient, 0.01)
    assert found == pytest.approx(HE_COSTS, rel=1e-9)
    assert accuracy(case, case.X, case.Y[0]) == pytest.approx(298 / 300)
    X, y = make_circles(100, noise=0.05, random_state=np.random.RandomState(2))
    assert accuracy(case, X.T, y) == 0.96


def test_the_zero_start_of_the_initialization_study_never_moves():
    case = circles(lambda n_prev: 0.0)
    cost, gradient = case.cost_and_gradient()
    assert cost == pytest.approx(0.6931471805599453, rel=1e-15)
    np.testing.assert_allclose(gradient, 0, atol=1e-16)


def test_the_large_start_of_the_initialization_study_is_infinite_only_from_the_rounded_output():
    case = circles(lambda n_prev: 10.0)
    parameters = named_views(case.theta, case.architecture)
    A = forward(case.X, parameters, case.architecture.activations)[-1].A
    with np.errstate(divide="ignore", invalid="ignore"):
        as_the_course_prints_it = np.nansum(-np.log(A) * case.Y - np.log(1 - A) * (1 - case.Y)) / 300
    assert as_the_course_prints_it == np.inf
    assert 100 < case.cost() < 1e5


@pytest.mark.parametrize(
    ("name", "constants", "at_0", "at_1000"),
    [
        ("gd", (), 0.690736, 0.685273),
        ("momentum", (0.9,), 0.690741, 0.685341),
        ("adam", (0.9, 0.999, 1e-8), 0.690552, 0.185567),
    ],
)
def test_the_optimization_study_learns_as_published(name, constants, at_0, at_1000):
    """Mini-batches of 64, rate 0.0007, shuffles with the seeds 11, 12, ...; the last batch's cost."""
    X, y = make_moons(300, noise=0.2, random_state=np.random.RandomState(3))
    case, optimizer = course_case((2, 5, 2, 1), 3, he, X.T, y), OPTIMIZERS[name]
    slots = [np.zeros_like(case.theta) for _ in optimizer.slots]
    costs, t = {}, 0
    for epoch in range(1001):
        order = np.random.RandomState(11 + epoch).permutation(300)
        for first in range(0, 300, 64):
            t += 1
            costs[epoch], gradient = case.of_examples(order[first : first + 64]).cost_and_gradient()
            case.theta, *slots = optimizer.rule(
                case.theta, *slots, gradient, 0.0007, *optimizer.constants(t, *constants)
            )
    assert costs[0] == pytest.approx(at_0, abs=5e-7)
    assert costs[1000] == pytest.approx(at_1000, abs=5e-7)


def test_the_regularization_study_starts_as_published(shared):
    """[2, 20, 3, 1] on the football positions, from randn / sqrt(n_prev)."""
    path = shared / "data" / "course" / "data.mat"
    if not path.exists():
        pytest.skip(f"the course's football positions are not at {path}")
    data = io.loadmat(path)
    X, y = data["X"].T, data["y"]
    plain = course_case((2, 20, 3, 1), 3, root, X, y)
    assert plain.cost() == pytest.approx(0.6557412523481002, rel=1e-12)
    with_l2 = course_case((2, 20, 3, 1), 3, root, X, y, Objective("binary_cross_entropy", l2=0.7))
    assert with_l2.cost() == pytest.approx(0.6974484493131264, rel=1e-12)
    legacy = np.random.RandomState(1)
    plain.dropouts = [*(Dropout(legacy.rand(n, 211) < 0.86, 0.86) for n in (20, 3)), None]
    assert plain.cost() == pytest.approx(0.6543912405149825, rel=1e-12)


@pytest.mark.parametrize(
    ("sizes", "scale", "published", "digits"),
    [
        ((12288, 7, 1), lambda n_prev: 0.01, 0.6930497356599891, 1e-13),
        ((12288, 20, 7, 5, 1), root, 0.771749, 5e-7),
    ],
)
def test_the_cat_networks_start_as_published(shared, sizes, scale, published, digits):
    h5py = pytest.importorskip("h5py")
    path = shared / "data" / "course" / "train_catvnoncat.h5"
    if not path.exists():
        pytest.skip(f"the course's cat pictures are not at {path}")
    with h5py.File(path) as file:
        pictures, y = file["train_set_x"][:], file["train_set_y"][:]
    case = course_case(sizes, 1, scale, pictures.reshape(len(pictures), -1).T / 255, y)
    assert case.cost() == pytest.approx(published, abs=digits)


def test_the_courses_planted_bugs_are_found_by_its_own_measure():
    """4 features, 3 examples, [4, 5, 3, 1]; dW2 twice too large and db1 four times: about 0.285."""
    legacy = np.random.RandomState(1)
    X, Y = legacy.randn(4, 3), np.array([[1.0, 1, 0]])
    architecture = Architecture((4, 5, 3, 1), ("relu", "relu", "sigmoid"))
    theta = np.concatenate([legacy.randn(*block.shape).ravel() for block in architecture.blocks])
    case, epsilon = Case(architecture, CROSS_ENTROPY, theta, X, Y), 1e-7
    shifts = epsilon * np.eye(theta.size)
    approximate = np.array([case.cost(theta + e) - case.cost(theta - e) for e in shifts]) / (2 * epsilon)

    def difference(gradient):
        return np.linalg.norm(gradient - approximate) / (
            np.linalg.norm(gradient) + np.linalg.norm(approximate)
        )

    right = case.gradient()
    assert difference(right) < 1e-7
    wrong = named_views(right.copy(), architecture)
    wrong["W2"] *= 2
    wrong["b1"] *= 4
    assert difference(flat_vector(wrong, architecture)) == pytest.approx(0.285093, abs=1e-6)
