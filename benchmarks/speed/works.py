"""The works of the table, in its order."""

from __future__ import annotations

from dataclasses import replace

from speed.work import Work

_MOONS = Work(
    key="moons-64",
    title="[2,5,2,1], batch 64, Adam, 300 examples",
    sizes=(2, 5, 2, 1),
    data="moons",
    rows=300,
    output="sigmoid",
    rate=0.0007,
    batch=64,
    epochs=200,
    goal=6.0,
)

_CATS = Work(
    key="cats",
    title="[12288,20,7,5,1], 209 examples, full batch, gradient descent",
    sizes=(12288, 20, 7, 5, 1),
    data="pictures",
    rows=209,
    output="sigmoid",
    optimizer="gd",
    rate=0.0075,
    initialization="lecun",
    epochs=1000,
    goal=2.5,
)
# The same examples in 209 coordinates, which layerwise finds by itself: what the others do where somebody has
# turned them by hand.
_TURNED_CATS = replace(
    _CATS,
    key="cats-turned",
    title="the same, its inputs turned by hand: [209,20,7,5,1]",
    sizes=(209, *_CATS.sizes[1:]),
    data="turned pictures",
    goal=None,
)


def _moons_in(batch: int) -> Work:
    """The same number of steps, within a few, whatever the batch."""
    epochs = round(_MOONS.steps / -(-_MOONS.rows // batch))
    title = f"[2,5,2,1], batch {batch}, Adam, 300 examples"
    return replace(_MOONS, key=f"moons-{batch}", title=title, batch=batch, epochs=epochs)


_TRAINING = (
    _MOONS,
    _moons_in(32),
    _moons_in(16),
    _moons_in(8),
    Work(
        key="circles",
        title="[2,10,5,1], 300 examples, full batch, gradient descent",
        sizes=(2, 10, 5, 1),
        data="circles",
        rows=300,
        output="sigmoid",
        optimizer="gd",
        rate=0.01,
        epochs=1000,
        goal=3.0,
    ),
    Work(
        key="simplechains",
        title="[4,32,16,4] tanh, squared error, full batch of 200, Adam",
        sizes=(4, 32, 16, 4),
        data="matrix exponential",
        rows=200,
        output="identity",
        hidden="tanh",
        rate=0.0003,
        initialization="xavier",
        epochs=1000,
        goal=3.0,
    ),
    Work(
        key="breast-cancer",
        title="[30,100,1], batch 200, Adam, 569 examples",
        sizes=(30, 100, 1),
        data="breast cancer",
        rows=569,
        output="sigmoid",
        batch=200,
        epochs=200,
        goal=3.0,
    ),
    _CATS,
    Work(
        key="digits",
        title="[784,256,128,10], batch 128, Adam, 60,000 examples",
        sizes=(784, 256, 128, 10),
        data="pictures",
        rows=60_000,
        output="softmax",
        batch=128,
        goal=1.6,
        share_goal=0.75,
    ),
    Work(
        key="wide",
        title="[1024,2048,2048,10], batch 256, Adam",
        sizes=(1024, 2048, 2048, 10),
        data="features",
        rows=2560,
        output="softmax",
        rate=0.0003,
        batch=256,
        goal=1.2,
        share_goal=0.85,
    ),
)

_SEEDS = replace(
    _MOONS,
    key="seeds",
    title="[2,5,2,1], batch 64, Adam, 1,000 epochs of 64 seeds in parallel",
    kind="seeds",
    epochs=1000,
    seeds=64,
    goal=10.0,
)
_PREDICT_ONE = Work(
    key="predict-one",
    title="predict one row, [30,100,1]",
    kind="predict",
    sizes=(30, 100, 1),
    data="breast cancer",
    rows=1,
    output="sigmoid",
    goal=1.0,
)
_PREDICT_MILLION = replace(
    _PREDICT_ONE,
    key="predict-million",
    title="predict a million rows, [30,100,1]",
    rows=1_000_000,
    goal=2.0,
)

WORKS: tuple[Work, ...] = (
    *_TRAINING,
    _TURNED_CATS,
    *(work.regularized() for work in _TRAINING),
    _SEEDS,
    _PREDICT_ONE,
    _PREDICT_MILLION,
)
