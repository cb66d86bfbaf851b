import type { LearningRate } from "../../core/runs/configuration.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";

/** The steps that a schedule covers. */
export interface ScheduleSpan {
  /** Steps from the end of the warm-up to the end of the run. */
  readonly decaySteps: number;
  readonly stepsPerEpoch: number;
}

/** The rate from a step on: `step`, float32 [], counts from 0 at the end of the warm-up. */
export type Schedule<Kind extends LearningRate["kind"]> = (
  graph: GraphBuilder,
  learningRate: Extract<LearningRate, { kind: Kind }>,
  step: Tensor,
  span: ScheduleSpan,
) => Tensor;
