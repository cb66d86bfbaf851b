"""Writes distillation.json: losses of distillation and their gradients, computed by PyTorch in float64.

    VENV/bin/pip install -r test/golden/requirements-torch.txt
    VENV/bin/python test/golden/make_distillation_golden.py

Knowledge distillation is `kl_div` of `softmax`; decoupled distillation is written out from equations 4 to 7 of Zhao et
al. (2022), with probabilities and their logarithms. Nothing here uses Espalier.
"""

import json
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax

CLASSES, IMAGES = 5, 6
SMOOTHING = 0.1
CLASS_WEIGHTS = [0.5, 1.0, 2.0, 1.5, 0.75]
CASES = [
    {"kind": "KNOWLEDGE", "temperature": 4.0, "weight": 0.9, "beta": 8.0},
    {"kind": "KNOWLEDGE", "temperature": 1.0, "weight": 0.5, "beta": 8.0},
    {"kind": "KNOWLEDGE", "temperature": 20.0, "weight": 1.0, "beta": 8.0},
    {"kind": "DECOUPLED", "temperature": 4.0, "weight": 0.5, "beta": 8.0},
    {"kind": "DECOUPLED", "temperature": 1.0, "weight": 0.9, "beta": 2.0},
    {"kind": "DECOUPLED", "temperature": 2.0, "weight": 1.0, "beta": 0.0},
]


def knowledge(student, teacher, labels, temperature, beta):
    divergence = kl_div(
        log_softmax(student / temperature, dim=1), softmax(teacher / temperature, dim=1), reduction="none"
    )
    return divergence.sum(dim=1) * temperature**2


def binary(probabilities, labels):
    """Probability of the label, and of all other classes together."""
    of_label = probabilities.gather(1, labels[:, None])
    return torch.cat([of_label, 1 - of_label], dim=1)


def among_others(logits, labels):
    """Logits without that of the label."""
    kept = torch.ones_like(logits, dtype=torch.bool).scatter(1, labels[:, None], False)
    return logits[kept].reshape(len(logits), -1)


def decoupled(student, teacher, labels, temperature, beta):
    student, teacher = student / temperature, teacher / temperature
    p, q = binary(softmax(teacher, dim=1), labels), binary(softmax(student, dim=1), labels)
    targets = (p * (p.log() - q.log())).sum(dim=1)
    p, q = (softmax(among_others(logits, labels), dim=1) for logits in (teacher, student))
    non_targets = (p * (p.log() - q.log())).sum(dim=1)
    return (targets + beta * non_targets) * temperature**2


KINDS = {"KNOWLEDGE": knowledge, "DECOUPLED": decoupled}


def label_losses(student, labels):
    """Smoothed as Keras does, then multiplied by the weight of the label's class, and not divided by their sum."""
    losses = cross_entropy(student, labels, reduction="none", label_smoothing=SMOOTHING)
    return losses * torch.tensor(CLASS_WEIGHTS, dtype=torch.float64)[labels]


def main():
    torch.manual_seed(0)
    # Numbers that float32 holds, so that both sides begin with the same ones.
    student = (torch.randn(IMAGES, CLASSES) * 3).double()
    teacher = (torch.randn(IMAGES, CLASSES) * 5).double()
    labels = torch.arange(IMAGES) % CLASSES
    cases = []
    for case in CASES:
        logits = student.clone().requires_grad_()
        distance = KINDS[case["kind"]](logits, teacher, labels, case["temperature"], case["beta"])
        losses = (1 - case["weight"]) * label_losses(logits, labels) + case["weight"] * distance
        losses.mean().backward()
        cases.append({**case, "losses": losses.tolist(), "gradient": logits.grad.tolist()})
    golden = {
        "madeBy": f"make_distillation_golden.py with PyTorch {torch.__version__.split('+')[0]} in float64",
        "labelSmoothing": SMOOTHING,
        "classWeights": CLASS_WEIGHTS,
        "student": student.tolist(),
        "teacher": teacher.tolist(),
        "labels": labels.tolist(),
        "cases": cases,
    }
    (Path(__file__).parent / "distillation.json").write_text(json.dumps(golden, indent=1) + "\n")


main()
