"""Writes evaluation.json: a made-up set of predictions, and what NumPy makes of it.

Class 4 never occurs and class 6 is never predicted, so that precision or recall of them is undefined;
class 5 is neither. Needs nothing but NumPy.
"""

import json
import pathlib

import numpy as np

CLASSES = 8
RANKS = 5
SAMPLES = 120
BINS = 15


def made_up():
    random = np.random.default_rng(7)
    logits = random.normal(size=(SAMPLES, CLASSES)) * 2
    labels = random.choice([0, 1, 2, 3, 6, 7], size=SAMPLES)
    logits[np.arange(SAMPLES), labels] += 1.5
    logits[:, 5] -= 50
    logits[:, 6] = logits.min(axis=1) + 0.1
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    ranked = np.argsort(-probabilities, axis=1)[:, :RANKS]
    top = np.take_along_axis(probabilities, ranked, axis=1).astype(np.float32)
    losses = -np.log(probabilities[np.arange(SAMPLES), labels]).astype(np.float32)
    return labels, losses, ranked, top


def ratio(part, whole):
    return None if whole == 0 else float(part / whole)


def main():
    labels, losses, ranked, top = made_up()
    predicted = ranked[:, 0]
    right = predicted == labels
    confusion = np.zeros((CLASSES, CLASSES), dtype=int)
    np.add.at(confusion, (labels, predicted), 1)

    # Guo et al. (2017), section 3: bins ((m - 1) / M, m / M].
    confidence = top[:, 0].astype(np.float64)
    bins = np.digitize(confidence, np.linspace(0, 1, BINS + 1), right=True)
    calibration_error = sum(
        (bins == bin).mean() * abs(right[bins == bin].mean() - confidence[bins == bin].mean())
        for bin in range(1, BINS + 1)
        if (bins == bin).any()
    )

    classes = []
    for index in range(CLASSES):
        hits = np.sum((labels == index) & (predicted == index))
        claimed, support = np.sum(predicted == index), np.sum(labels == index)
        classes.append(
            {
                "precision": ratio(hits, claimed),
                "recall": ratio(hits, support),
                "f1": ratio(2 * hits, claimed + support),
                "support": int(support),
            }
        )

    golden = {
        "madeBy": f"test/golden/make_evaluation_golden.py with NumPy {np.__version__}",
        "classCount": CLASSES,
        "ranks": RANKS,
        "labels": labels.tolist(),
        "losses": [float(loss) for loss in losses],
        "ranked": ranked.flatten().tolist(),
        "probabilities": [float(probability) for probability in top.flatten()],
        "loss": float(losses.astype(np.float64).mean()),
        "top1": float(right.mean()),
        "top5": float((ranked == labels[:, None]).any(axis=1).mean()),
        "expectedCalibrationError": float(calibration_error),
        "confusion": confusion.flatten().tolist(),
        "classes": classes,
    }
    path = pathlib.Path(__file__).parent / "evaluation.json"
    path.write_text(json.dumps(golden) + "\n")


main()
