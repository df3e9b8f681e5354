"""The estimators are scikit-learn's: its own checks, and its own tools."""

from __future__ import annotations

import pickle

import pytest

pytest.importorskip("sklearn")

from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from nn import MLP
from nn.sklearn import MLPClassifier, MLPRegressor

CHECKS = [
    pytest.param(estimator, check, id=f"{type(estimator).__name__}-{k}")
    for kind in (MLPClassifier, MLPRegressor)
    for k, (estimator, check) in enumerate(estimator_checks_generator(kind()))
]  # by number, since some versions of scikit-learn have a check twice


@pytest.mark.shared
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_an_estimator_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_a_classifier_works_in_a_pipeline_and_with_labels_of_any_kind():
    rows, labels = load_breast_cancer(return_X_y=True)
    names = ["benign" if label else "malign" for label in labels]
    model = MLPClassifier((8,), epochs=10, random_state=0)
    pipeline = make_pipeline(StandardScaler(), model)
    assert cross_val_score(pipeline, rows, names, cv=3).min() > 0.93
    pipeline.fit(rows, names)
    assert {*pipeline.predict(rows)} == {"benign", "malign"}
    shares = pipeline.predict_proba(rows)
    assert shares.sum(axis=1) == pytest.approx(1.0)
    assert isinstance(model.model_, MLP)
    again = pickle.loads(pickle.dumps(pipeline))  # noqa: S301 - our own bytes
    assert (again.predict_proba(rows) == shares).all()


@pytest.mark.shared
def test_a_grid_is_searched_by_two_processes():
    rows, labels = load_breast_cancer(return_X_y=True)
    rows = StandardScaler().fit_transform(rows)[:120]
    search = GridSearchCV(
        MLPClassifier(epochs=3, random_state=0),
        {"hidden": [(2,), (4,)]},
        cv=2,
        n_jobs=2,
    )
    search.fit(rows, labels[:120])
    assert set(search.best_params_) == {"hidden"}
    assert search.best_score_ > 0.7


def test_a_regressor_learns_targets_of_any_scale_and_several():
    rows, target = load_diabetes(return_X_y=True)
    model = MLPRegressor((8,), "tanh", epochs=60, random_state=0)
    model.fit(rows * 20.0, 1e6 * target + 1e9)
    assert model.score(rows * 20.0, 1e6 * target + 1e9) > 0.45
    two = [[y, -y] for y in target]
    assert model.fit(rows * 20.0, two).predict(rows * 20.0).shape == (442, 2)
