"""Metrics of scikit-learn and statistics of SciPy for the cases on standard input, as JSON."""

import json
import sys
import warnings

import numpy as np
from scipy import stats
from sklearn import metrics

warnings.filterwarnings("ignore")


def classification(case):
    actual, predicted = case["actual"], case["predicted"]
    found = {
        "accuracy": metrics.accuracy_score(actual, predicted),
        "balancedAccuracy": metrics.balanced_accuracy_score(actual, predicted),
        "mcc": metrics.matthews_corrcoef(actual, predicted),
        "confusion": metrics.confusion_matrix(actual, predicted).tolist(),
    }
    scores = {
        "precision": metrics.precision_score,
        "recall": metrics.recall_score,
        "f1": metrics.f1_score,
    }
    for name, score in scores.items():
        for average in ["micro", "macro", "weighted"]:
            found[f"{name} {average}"] = score(
                actual, predicted, average=average, zero_division=0
            )
        found[f"{name} classes"] = score(actual, predicted, average=None, zero_division=0).tolist()
    return found


def probabilities(case):
    labels, actual = case["labels"], np.array(case["actual"])
    matrix = np.array(case["probabilities"])
    present = [i for i, label in enumerate(labels) if (actual == label).any()]
    areas = [
        metrics.roc_auc_score(actual == labels[i], matrix[:, i])
        for i in present
        if (actual != labels[i]).any()
    ]
    found = {"logLoss": metrics.log_loss(actual, matrix, labels=labels)}
    said = np.array(case["predicted"])
    confidence = matrix[np.arange(len(said)), [labels.index(label) for label in said]]
    bins = np.digitize(confidence, np.linspace(0, 1, 16), right=True)
    gaps = [
        abs((said == actual)[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).mean()
        for b in set(bins)
    ]
    found["calibrationError"] = float(np.sum(gaps))
    if areas:
        found["rocAuc"] = float(np.mean(areas))
    if len(present) == len(labels) > 2:
        found["rocAuc of all"] = metrics.roc_auc_score(
            actual, matrix, multi_class="ovr", average="macro", labels=labels
        )
    return found


def numbers(case):
    return {
        "meanAbsoluteError": metrics.mean_absolute_error(case["actual"], case["estimates"]),
        "meanSquaredError": metrics.mean_squared_error(case["actual"], case["estimates"]),
        "correlation": stats.pearsonr(case["actual"], case["estimates"])[0],
    }


def intervals(case):
    values = np.array(case["values"])
    hits, count = case["hits"], case["count"]
    low, high = stats.binomtest(hits, count).proportion_ci(method="wilson")
    student = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
    boot = stats.bootstrap(
        (values,), np.mean, n_resamples=9999, method="BCa", random_state=1
    ).confidence_interval
    skewness = stats.bootstrap(
        (values,), stats.skew, n_resamples=9999, method="BCa", random_state=1
    ).confidence_interval
    return {
        "wilson": [low, high],
        "student": list(student),
        "bootstrap": [boot.low, boot.high],
        "skewness": [skewness.low, skewness.high],
        "binomial": stats.binomtest(hits, count, 0.5).pvalue,
        "chiSquared": float(stats.chi2.sf((abs(2 * hits - count) - 1) ** 2 / count, 1)),
    }


KINDS = {
    "classification": classification,
    "probabilities": probabilities,
    "numbers": numbers,
    "intervals": intervals,
}

print(json.dumps([KINDS[case["kind"]](case) for case in json.load(sys.stdin)]))
