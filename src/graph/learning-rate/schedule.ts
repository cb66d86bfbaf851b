import type { LearningRate } from "../../core/run-configuration.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";

/** The rate from a step on: `step` counts from 0 at the end of the warm-up, over `decaySteps` steps. */
export type Schedule<Kind extends LearningRate["kind"]> = (
  graph: GraphBuilder,
  learningRate: Extract<LearningRate, { kind: Kind }>,
  step: Tensor,
  decaySteps: number,
) => Tensor;
