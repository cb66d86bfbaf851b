import type { DistillationKind } from "../../core/enumerations.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { oneHot } from "../ops/array.js";
import { float32 } from "../ops/constants.js";
import { add, exponential, logSoftmax, multiply, subtract } from "../ops/math.js";
import { sum } from "../ops/reduction.js";

export interface DistillationOptions {
  readonly kind: DistillationKind;
  /** Divides the logits of both networks before softmax. */
  readonly temperature: number;
  /** Weight of the distillation; the loss of the labels has the rest of 1. */
  readonly weight: number;
  /** Weight of the other classes in DECOUPLED. */
  readonly beta: number;
}

/** Float32 logits [n, classes] of both networks for the same images, in one order of classes. */
export interface DistilledLogits {
  readonly student: Tensor;
  readonly teacher: Tensor;
}

/** Subtracted from the logit of the label, so that its probability among the others is 0. */
const EXCLUDED = 1000;

/**
 * (1 - weight) * labelLosses + weight * temperature^2 * d of every image, float32 [n], where d is the distance of the
 * student's probabilities from the teacher's at the temperature:
 *
 * - KNOWLEDGE, Hinton et al., 2015: the divergence KL(teacher || student);
 * - DECOUPLED, Zhao et al., 2022, with their alpha of 1: TCKD + beta * NCKD. TCKD is the divergence of the label's
 *   probability and that of all other classes together; NCKD is the divergence among the other classes alone.
 *
 * The factor temperature^2 keeps the size of gradients, which the temperature makes smaller.
 *
 * @param labelLosses the loss of the labels, which smoothing and class weights change and distillation does not
 * @param labels int32 [n]
 */
export function distillationLoss(
  graph: GraphBuilder,
  labelLosses: Tensor,
  labels: Tensor,
  { student, teacher }: DistilledLogits,
  { kind, temperature, weight, beta }: DistillationOptions,
): Tensor {
  const scale = float32(graph, 1 / temperature);
  const [softStudent, softTeacher] = [multiply(graph, student, scale), multiply(graph, teacher, scale)];
  const distance =
    kind === "KNOWLEDGE"
      ? divergence(graph, logSoftmax(graph, softTeacher), logSoftmax(graph, softStudent))
      : decoupledDistance(graph, labels, softTeacher, softStudent, beta);
  return add(
    graph,
    multiply(graph, labelLosses, float32(graph, 1 - weight)),
    multiply(graph, distance, float32(graph, weight * temperature ** 2)),
  );
}

/** Sum over the classes of p * (log p - log q): log p and log q [n, classes] -> [n]. */
function divergence(graph: GraphBuilder, logP: Tensor, logQ: Tensor): Tensor {
  return sum(graph, multiply(graph, exponential(graph, logP), subtract(graph, logP, logQ)), [1]);
}

function decoupledDistance(
  graph: GraphBuilder,
  labels: Tensor,
  softTeacher: Tensor,
  softStudent: Tensor,
  beta: number,
): Tensor {
  const classes = softTeacher.shape[1] ?? 0;
  const label = oneHot(graph, labels, classes);
  const others = subtract(graph, float32(graph, 1), label);
  const teacher = split(softTeacher);
  const student = split(softStudent);
  const targets = add(
    graph,
    term(teacher.logLabel, student.logLabel),
    term(teacher.logOthers, student.logOthers),
  );
  const nonTargets = divergence(graph, teacher.logAmongOthers, student.logAmongOthers);
  return add(graph, targets, multiply(graph, nonTargets, float32(graph, beta)));

  /** Logarithms of the probabilities of the label [n], of all others together [n], and of each among them. */
  function split(logits: Tensor) {
    const logAll = logSoftmax(graph, logits);
    const excluding = subtract(graph, logits, multiply(graph, label, float32(graph, EXCLUDED)));
    const logAmongOthers = logSoftmax(graph, excluding);
    // log P(class) - log P(class among the others) is log P(others) for every other class. Their mean loses no digits
    // where 1 - P(label) would round to 0.
    const shares = multiply(graph, others, subtract(graph, logAll, logAmongOthers));
    return {
      logLabel: sum(graph, multiply(graph, label, logAll), [1]),
      logOthers: multiply(graph, sum(graph, shares, [1]), float32(graph, 1 / (classes - 1))),
      logAmongOthers,
    };
  }

  function term(logP: Tensor, logQ: Tensor): Tensor {
    return multiply(graph, exponential(graph, logP), subtract(graph, logP, logQ));
  }
}
