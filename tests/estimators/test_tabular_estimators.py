"""The estimators for tables: what they learn, what they keep, and what they refuse."""

import datetime
import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import layerwise
from layerwise import TabularClassifier, TabularRegressor, datasets
from layerwise.errors import InputError, TrainingError
from layerwise.tables import prepare_target

QUICK = {"hidden": (16,), "epochs": 30, "learning_rate": 0.02, "engine": "numpy"}


def mixed_table(rows=400, seed=0):
    """Numbers, words, booleans, dates, holes; the answer depends on several of them."""
    rng = np.random.default_rng(seed)
    amount = rng.gamma(2.0, 100.0, rows)
    city = rng.choice(["Oslo", "Rome", "Lima"], rows)
    member = rng.random(rows) < 0.5
    day = [datetime.date(2024, 1, 1) + datetime.timedelta(days=int(d)) for d in rng.integers(0, 700, rows)]
    score = amount / 200 + (city == "Rome") * 1.5 - member + rng.normal(0, 0.3, rows)
    frame = pl.DataFrame({"amount": amount, "city": city, "member": member, "day": day}).with_columns(
        pl.when(pl.Series(rng.random(rows) < 0.1)).then(None).otherwise(pl.col("amount")).alias("amount"),
        pl.when(pl.Series(rng.random(rows) < 0.1)).then(None).otherwise(pl.col("city")).alias("city"),
    )
    return frame, score


@pytest.fixture(scope="module")
def mixed():
    frame, score = mixed_table()
    return frame, np.where(score > 1, "yes", "no"), score


@pytest.fixture(scope="module")
def classifier(mixed):
    frame, label, _ = mixed
    return TabularClassifier(**QUICK).fit(frame, label)


def test_a_mixed_table_is_learned_better_than_the_most_frequent_class(mixed, classifier):
    frame, score = mixed_table(seed=1)
    label = np.where(score > 1, "yes", "no")
    most_frequent = max(np.mean(label == "yes"), np.mean(label == "no"))
    assert classifier.score(frame, label) > most_frequent + 0.2


def test_a_regression_explains_what_the_table_holds(mixed):
    frame, _, score = mixed
    model = TabularRegressor(**QUICK).fit(frame, score)
    other, other_score = mixed_table(seed=1)
    assert model.score(other, other_score) > 0.7


@pytest.mark.parametrize(("name", "reference"), [("breast_cancer", 0.03), ("wine", 0.03), ("iris", 0.04)])
def test_bundled_sets_are_learned_about_as_well_as_by_logistic_regression(name, reference):
    dataset = datasets.load(name)
    X, y = dataset.frame.drop(dataset.target), dataset.frame[dataset.target].to_numpy()
    ours, theirs = [], []
    for split in range(4):
        train, test = train_test_split(np.arange(len(y)), test_size=0.3, random_state=split, stratify=y)
        ours.append(TabularClassifier().fit(X[train], y[train]).score(X[test], y[test]))
        logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        logistic.fit(X[train].to_numpy(), y[train])
        theirs.append(logistic.score(X[test].to_numpy(), y[test]))
    assert np.mean(ours) >= np.mean(theirs) - reference


@pytest.mark.parametrize(
    "labels",
    [["no", "yes"], [0, 1], [False, True], [3, 7, 9], ["a", "b", "ü"]],
    ids=lambda labels: str(labels),
)
def test_labels_come_back_as_they_went_in(mixed, labels):
    frame, _, score = mixed
    cuts = np.quantile(score, np.linspace(0, 1, len(labels) + 1)[1:-1])
    y = np.array(labels)[np.searchsorted(cuts, score)]
    model = TabularClassifier(**QUICK).fit(frame, y)
    assert list(model.classes_) == labels
    predicted = model.predict(frame)
    assert set(predicted.tolist()) <= set(labels)
    assert type(predicted.tolist()[0]) is type(labels[0])
    np.testing.assert_array_equal(model.classes_[model.predict_proba(frame).argmax(axis=1)], predicted)


def test_probabilities_are_probabilities(mixed, classifier):
    probability = classifier.predict_proba(mixed[0])
    assert probability.shape == (400, 2)
    np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-6)
    assert probability.min() >= 0


def test_frames_of_any_make_give_the_same_bits(mixed, classifier):
    frame, label, _ = mixed
    expected = classifier.predict_proba(frame)
    for other in (frame.to_pandas(), frame.to_arrow(), frame.to_dict(as_series=False)):
        np.testing.assert_array_equal(classifier.predict_proba(other), expected)
    from_pandas = TabularClassifier(**QUICK).fit(frame.to_pandas(), pd.Series(label))
    np.testing.assert_array_equal(from_pandas.predict_proba(frame), expected)


def test_reordered_and_extra_columns_change_nothing(mixed, classifier):
    frame, _, _ = mixed
    expected = classifier.predict_proba(frame)
    shuffled = frame.select(reversed(frame.columns)).with_columns(pl.lit(1).alias("extra"))
    np.testing.assert_array_equal(classifier.predict_proba(shuffled), expected)


def test_a_missing_column_is_named(mixed, classifier):
    with pytest.raises(InputError, match="city"):
        classifier.predict(mixed[0].drop("city"))


def test_unseen_categories_and_missing_values_are_predicted(mixed, classifier):
    frame, _, _ = mixed
    strange = frame.head(5).with_columns(pl.lit("Atlantis").alias("city"), pl.lit(None).alias("member"))
    assert np.isfinite(classifier.predict_proba(strange)).all()


def test_no_rows_give_no_predictions(mixed, classifier):
    assert classifier.predict(mixed[0].head(0)).shape == (0,)
    assert classifier.predict_proba(mixed[0].head(0)).shape == (0, 2)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(mixed):
    frame, label, _ = mixed
    first, again, other = (
        TabularClassifier(**QUICK | {"seed": seed, "dropout": 0.2}).fit(frame, label).predict_proba(frame)
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_both_engines_train_to_the_same_network(mixed):
    frame, label, _ = mixed
    settings = QUICK | {"dtype": "float64", "dropout": 0.1, "l2": 0.01}
    one, two = (
        TabularClassifier(**settings | {"engine": engine}).fit(frame, label)
        for engine in ("numpy", "compiled")
    )
    np.testing.assert_allclose(one.predict_proba(frame), two.predict_proba(frame), rtol=1e-8, atol=1e-10)
    assert one.best_epoch_ == two.best_epoch_


def test_the_best_epoch_is_the_one_with_the_lowest_validation_cost(classifier):
    history = classifier.history_
    assert history["epoch"][history["validation_cost"].arg_min()] == classifier.best_epoch_


def test_patience_ends_a_run_that_no_longer_improves(mixed):
    frame, label, _ = mixed
    model = TabularClassifier(**QUICK | {"epochs": 400, "patience": 3, "schedule": "constant"}).fit(
        frame, label
    )
    assert model.n_iter_ < 400
    assert model.n_iter_ == model.best_epoch_ + 3
    assert model.training_["stopped"] == "patience"


def test_the_callers_validation_rows_are_the_ones_that_decide(mixed):
    frame, label, _ = mixed
    model = TabularClassifier(**QUICK | {"monitor": "accuracy", "patience": None})
    model.fit(frame[:300], label[:300], X_val=frame[300:], y_val=label[300:])
    best = model.history_.filter(pl.col("epoch") == model.best_epoch_)["validation_accuracy"][0]
    assert model.score(frame[300:], label[300:]) == pytest.approx(best)
    assert best == model.history_["validation_accuracy"].max()


def test_without_validation_every_epoch_is_run_and_the_last_is_kept(mixed):
    frame, label, _ = mixed
    model = TabularClassifier(**QUICK | {"validation_fraction": 0.0, "patience": None}).fit(frame, label)
    assert model.best_epoch_ == model.n_iter_ == 30
    assert "validation_cost" not in model.history_.columns


def test_rows_of_weight_zero_teach_nothing():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    y = (X[:, 0] > 0).astype(int)
    lies = np.r_[y, 1 - y]
    weight = np.r_[np.ones(300), np.zeros(300)]
    settings = QUICK | {"validation_fraction": 0.0, "patience": None, "hidden": (4,)}
    told = TabularClassifier(**settings).fit(np.r_[X, X], lies, sample_weight=weight)
    assert told.score(X, y) > 0.95


def test_balanced_class_weights_find_more_of_a_rare_class():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(2000, 2))
    y = (X[:, 0] + rng.normal(0, 1.0, 2000) > 2.2).astype(int)
    plain, balanced = (
        TabularClassifier(**QUICK | {"class_weight": weight}).fit(X, y).predict(X)
        for weight in (None, "balanced")
    )
    assert recall_score(y, balanced) > recall_score(y, plain) + 0.2


def test_a_regressions_predictions_stay_within_the_range_it_saw(mixed):
    frame, _, score = mixed
    model = TabularRegressor(**QUICK).fit(frame, score)
    extreme = frame.with_columns(pl.col("amount") * 1e6)
    predicted = model.predict(extreme)
    assert predicted.min() >= score.min() - 1e-9
    assert predicted.max() <= score.max() + 1e-9


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_saving_and_loading_changes_no_bit(mixed, tmp_path, kind):
    frame, label, score = mixed
    if kind == "regression":
        model = TabularRegressor(**QUICK).fit(frame, score)
    else:
        y = label if kind == "binary" else np.digitize(score, [0.5, 1.5])
        model = TabularClassifier(**QUICK, class_weight={str(np.unique(y)[0]): 2.0}).fit(frame, y)
    model.save(tmp_path / "model")
    again = layerwise.load(tmp_path / "model")
    assert type(again) is type(model)
    np.testing.assert_array_equal(again.predict(frame), model.predict(frame))
    if kind != "regression":
        np.testing.assert_array_equal(again.predict_proba(frame), model.predict_proba(frame))
        np.testing.assert_array_equal(again.classes_, model.classes_)
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["model.json", "model.safetensors"]
    again.save(tmp_path / "again")
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == (
        tmp_path / "model" / "model.safetensors"
    ).read_bytes()


@pytest.mark.parametrize("key", ["target", "encoder", "architecture", "columns", "parameters", "training"])
def test_a_document_without_one_of_its_parts_is_refused_by_name(classifier, tmp_path, key):
    classifier.save(tmp_path)
    document = json.loads((tmp_path / "model.json").read_text())
    del document[key]
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match=key):
        layerwise.load(tmp_path)


def test_a_document_that_contradicts_its_network_is_refused(classifier, tmp_path):
    classifier.save(tmp_path)
    document = json.loads((tmp_path / "model.json").read_text())
    document["architecture"]["sizes"][1] = 17
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="17"):
        layerwise.load(tmp_path)


def test_scikit_learn_can_clone_search_and_cross_validate(mixed):
    frame, label, score = mixed
    model = TabularClassifier(**QUICK | {"epochs": 5})
    assert clone(model).get_params() == model.get_params()
    assert is_classifier(model)
    assert is_regressor(TabularRegressor())
    assert len(cross_val_score(model, frame.to_pandas(), label, cv=3)) == 3
    search = GridSearchCV(TabularRegressor(**QUICK | {"epochs": 5}), {"hidden": [(4,), (8, 4)]}, cv=2)
    assert search.fit(frame.to_pandas(), score).best_params_["hidden"] in [(4,), (8, 4)]


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        ("activation", "rellu", "did you mean 'relu'"),
        ("optimizer", "adm", "did you mean 'adam'"),
        ("loss", "hinge", "unknown loss"),
        ("schedule", "cosin", "did you mean 'cosine'"),
        ("initialization", "hee", "did you mean 'he'"),
        ("engine", "cuda", "unknown engine"),
        ("scaling", "robut", "did you mean 'robust'"),
        ("monitor", "r2", "unknown monitor"),
        ("dtype", "float16", "dtype"),
        ("learning_rate", -1.0, "learning_rate"),
        ("epochs", 0, "epochs"),
        ("batch_size", -1, "batch_size"),
        ("dropout", 1.0, "dropout"),
        ("dropout", (0.1, 0.2, 0.3), "dropout has 3 values for 1 hidden"),
        ("hidden", (16, 0), "size 2"),
        ("l2", -0.1, "l2"),
        ("l1", float("nan"), "l1"),
        ("patience", 0, "patience"),
        ("validation_fraction", 1.0, "validation_fraction"),
        ("label_smoothing", 1.5, "label_smoothing"),
        ("class_weight", "equal", "class_weight"),
        ("class_weight", {"maybe": 2.0}, "maybe"),
        ("class_weight", {"yes": -1.0}, "weights of at least 0"),
        ("class_weight", 3, "class_weight is 3"),
        ("hidden", 64, "a sequence of integers"),
        ("hidden", "64", "a sequence of integers"),
        ("label_smoothing", "a", "label_smoothing is 'a'"),
        ("initialization_scale", "a", "initialization_scale is 'a'"),
        ("dtype", np.float32, "choose one of float32, float64"),
        ("shuffle", "no", "True or False"),
        ("max_categories", 1, "max_categories"),
        ("max_categories", 2.5, "max_categories"),
        ("seed", -1, "seed"),
    ],
)
def test_a_parameter_out_of_range_is_named_before_any_work(mixed, parameter, value, message):
    frame, label, _ = mixed
    with pytest.raises(InputError, match=message):
        TabularClassifier(**QUICK | {parameter: value}).fit(frame, label)


def test_labels_are_smoothed_by_a_tenth_with_a_cross_entropy_and_otherwise_not(mixed):
    frame, label, score = mixed
    for loss, as_given in (("auto", 0.1), ("squared_error", 0.0)):
        plain = TabularClassifier(**QUICK, loss=loss).fit(frame, label).predict_proba(frame)
        for smoothing in (0.0, 0.1):
            model = TabularClassifier(**QUICK, loss=loss, label_smoothing=smoothing).fit(frame, label)
            assert np.array_equal(model.predict_proba(frame), plain) == (smoothing == as_given)
    with pytest.raises(InputError, match="label_smoothing is for classes"):
        TabularRegressor(**QUICK, label_smoothing=0.1).fit(frame, score)


def test_a_class_of_one_example_is_trained_on(mixed):
    """As folds of a cross-validation have them."""
    frame, label, _ = mixed
    lonely = np.array(label, dtype=object)
    lonely[3] = "once"
    model = TabularClassifier(**QUICK | {"epochs": 1}).fit(frame, lonely)
    assert "once" in model.classes_.tolist()
    assert model.predict_proba(frame).shape == (400, 3)


def test_several_values_for_each_row_are_refused_with_what_takes_them(mixed):
    frame, _, score = mixed
    for two in (np.c_[score, score], pl.DataFrame({"a": score, "b": score})):
        with pytest.raises(InputError, match=r"y has 2 columns.*MLPRegressor"):
            TabularRegressor(**QUICK).fit(frame, two)


def test_the_wrong_loss_for_the_task_is_explained(mixed):
    frame, label, score = mixed
    with pytest.raises(InputError, match="three classes"):
        TabularClassifier(**QUICK, loss="softmax_cross_entropy").fit(frame, label)
    with pytest.raises(InputError, match="squared_error, huber or poisson"):
        TabularRegressor(**QUICK, loss="binary_cross_entropy").fit(frame, score)


@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_classes_can_be_learned_by_squared_error_too(mixed, loss):
    frame, label, _ = mixed
    assert TabularClassifier(**QUICK, loss=loss).fit(frame, label).score(frame, label) > 0.8


def test_wrong_weights_and_lengths_are_named(mixed):
    frame, label, _ = mixed
    with pytest.raises(InputError, match="399 values for 400 rows"):
        TabularClassifier(**QUICK).fit(frame, label[:-1])
    weight = np.ones(400)
    weight[7] = -1
    with pytest.raises(InputError, match="row 8"):
        TabularClassifier(**QUICK).fit(frame, label, sample_weight=weight)
    with pytest.raises(InputError, match="y_val"):
        TabularClassifier(**QUICK).fit(frame, label, X_val=frame)


def test_a_run_that_diverges_at_once_says_what_to_do(mixed):
    frame, _, score = mixed
    model = TabularRegressor(**QUICK | {"optimizer": "gd", "learning_rate": 1e12, "schedule": "constant"})
    with pytest.raises(TrainingError, match="lower the learning rate"), np.errstate(all="ignore"):
        model.fit(frame, score)


def test_rows_without_a_label_are_left_out(mixed):
    frame, label, _ = mixed
    y = pl.Series("answer", label)
    y = pl.select(pl.when(pl.int_range(400) % 4 == 0).then(None).otherwise(y)).to_series()
    model = TabularClassifier(**QUICK).fit(frame, y)
    assert model.profile_.rows <= 300
    assert any("missing" in notice.message for notice in model.notices_)


def test_groups_stay_on_one_side(mixed):
    frame, label, _ = mixed
    seen = []

    class Watch:
        def on_train_begin(self, plan):
            seen.append(plan["rows"])

    groups = np.repeat(np.arange(4), 100)
    TabularClassifier(**QUICK).fit(frame, label, groups=groups, callbacks=[Watch()])
    assert seen == [300]


def test_a_class_that_only_other_rows_have_can_be_told(mixed):
    frame, label, _ = mixed
    whole = pl.DataFrame({"answer": [*label, "maybe", "maybe"]})
    target, _, _ = prepare_target(whole, "answer")
    model = TabularClassifier(**QUICK).fit(frame, label, target=target)
    assert list(model.classes_) == ["maybe", "no", "yes"]
    probability = model.predict_proba(frame)
    assert probability.shape == (400, 3)
    assert set(model.predict(frame)) == {"no", "yes"}


def test_a_column_named_in_only_is_used_though_it_looks_like_an_identifier():
    rng = np.random.default_rng(0)
    number = np.arange(300)
    frame = pl.DataFrame(
        {"customer": [f"K{n:05d}" for n in number], "x": rng.normal(size=300), "z": number * 1.5}
    )
    label = np.where(number < 150, "early", "late")
    model = TabularClassifier(**QUICK).fit(frame, label)
    assert "customer" not in model.encoder_.columns
    named = TabularClassifier(**QUICK).fit(frame, label, only=["customer", "x"])
    assert set(named.encoder_.columns) == {"customer", "x"}


def test_weights_of_validation_rows_decide_which_epoch_is_best(mixed):
    frame, label, _ = mixed
    lies = np.where(label == "yes", "no", "yes")
    model = TabularClassifier(**QUICK | {"patience": None})
    held = pl.concat([frame[300:], frame[300:]])
    truth_only = np.r_[np.ones(100), np.zeros(100)]
    model.fit(
        frame[:300],
        label[:300],
        X_val=held,
        y_val=np.r_[label[300:], lies[300:]],
        sample_weight_val=truth_only,
    )
    plain = TabularClassifier(**QUICK | {"patience": None})
    plain.fit(frame[:300], label[:300], X_val=frame[300:], y_val=label[300:])
    np.testing.assert_allclose(
        model.history_["validation_cost"], plain.history_["validation_cost"], rtol=1e-5
    )
