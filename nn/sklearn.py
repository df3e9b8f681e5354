"""MLPClassifier and MLPRegressor: `nn.fit` as scikit-learn's estimators.

They go wherever scikit-learn's own go: in a Pipeline, cross_val_score, GridSearchCV.
Labels may be of any kind. The network itself is ``model_``, to be drawn and explained.
Weights of samples are for `nn.fit`: by batches they are not what repeated rows are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from inspect import cleandoc
from typing import Any

try:
    import numpy as np
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_random_state, column_or_1d
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    message = "nn.sklearn needs scikit-learn: pip install 'scalar-autograd[sklearn]'"
    raise ImportError(message) from error

from nn.layers import MLP
from nn.losses import cross_entropy, mse_loss
from nn.rules import Adam, AdamW
from nn.training.fit import fit


@dataclass(eq=False, repr=False)
class _Network(BaseEstimator):  # type: ignore[misc]
    """What both have: the network and its training.

    Args:
        hidden: the number of neurons in each hidden layer.
        activation: what they apply.
        lr: Adam's learning rate.
        alpha: the decay of the parameters by each step, as a share of lr.
        epochs, batch_size, tolerance, patience, compiled: as for `nn.fit`.
        random_state: an int or a generator, for the same result every time.

    Attributes:
        model_: the network.
        history_: what happened when it was trained.

    """

    hidden: Sequence[int] = (32,)
    activation: str = "relu"
    _: KW_ONLY
    lr: float = 0.01
    alpha: float = 0.0
    epochs: int = 100
    batch_size: int | None = 32
    tolerance: float = 1e-4
    patience: int | None = 10
    compiled: bool | None = None
    random_state: Any = None

    def _train(self, X: Any, y: Any, outputs: int, loss: Any) -> None:  # noqa: N803 - scikit-learn's name
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        sizes = [*map(int, self.hidden), outputs]
        self.model_ = MLP(X.shape[1], sizes, self.activation, seed=seed)
        params = self.model_.parameters()
        rule = partial(AdamW, weight_decay=self.alpha) if self.alpha else Adam
        self.history_ = fit(
            self.model_,
            X,
            y,
            loss=loss,
            optimizer=rule(params, lr=self.lr),
            epochs=self.epochs,
            batch_size=self.batch_size,
            tolerance=self.tolerance,
            patience=self.patience,
            metrics=[],
            seed=seed,
            progress=False,
            compiled=self.compiled,
        )
        self.n_iter_ = self.history_.epochs

    def _scores(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)  # noqa: N806 - as above
        return self.model_.predict(X)


ARGUMENTS = cleandoc(_Network.__doc__ or "").partition("\n\n")[2]


class MLPClassifier(ClassifierMixin, _Network):  # type: ignore[misc]
    """A network with a score for each class, trained with the cross-entropy.

    >>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["no", "yes"] * 2
    >>> model = MLPClassifier((8,), random_state=0).fit(X, y)
    >>> model.predict([[0.0, 0.9]]).tolist()
    ['yes']

    """

    __doc__ = f"{cleandoc(__doc__)}\n\n{ARGUMENTS}"

    def fit(self, X: Any, y: Any) -> MLPClassifier:  # noqa: N803 - scikit-learn's name
        """Train a new network on rows and labels; return self."""
        X, y = validate_data(self, X, y, dtype=np.float64)  # noqa: N806 - as above
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            message = f"a classifier needs two classes, and y has one class: {y[0]!r}"
            raise ValueError(message)
        self._train(X, labels, len(self.classes_), cross_entropy)
        return self

    def decision_function(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """Return the score of each class; of two, how far the second is ahead."""
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict_proba(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """Return the probability of each class."""
        from nn.training.predict import probabilities

        return probabilities(self._scores(X))

    def predict(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """Return the most probable class of each row."""
        best = self._scores(X).argmax(axis=1)
        return self.classes_[best]


class MLPRegressor(RegressorMixin, _Network):  # type: ignore[misc]
    """A network with a number for each target, trained with the squared error.

    >>> X = [[k / 10] for k in range(10)]
    >>> model = MLPRegressor((8,), random_state=0).fit(X, [2 * x for (x,) in X])
    >>> model.score(X, [2 * x for (x,) in X]) > 0.9
    True

    """

    __doc__ = f"{cleandoc(__doc__)}\n\n{ARGUMENTS}"

    def fit(self, X: Any, y: Any) -> MLPRegressor:  # noqa: N803 - scikit-learn's name
        """Train a new network on rows and targets; return self."""
        X, y = validate_data(  # noqa: N806 - as above
            self, X, y, dtype=np.float64, multi_output=True, y_numeric=True
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        outputs = 1 if y.ndim == 1 else y.shape[1]
        self.mean_, spread = y.mean(axis=0), y.std(axis=0)
        self.spread_ = np.where(spread > 0.0, spread, 1.0)
        self._train(X, (y - self.mean_) / self.spread_, outputs, mse_loss)
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """Return the targets of each row."""
        return self._scores(X) * self.spread_ + self.mean_
