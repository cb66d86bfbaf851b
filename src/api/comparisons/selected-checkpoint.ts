import { Ctx, Field, FieldResolver, Int, ObjectType, Resolver, Root } from "type-graphql";
import type { MonitoredMetric as MonitoredMetricWord, Split } from "../../core/enumerations.js";
import type { SelectedCheckpoint as SelectedCheckpointRecord } from "../../training/comparison/comparison.js";
import type { EvaluationRecord } from "../../training/evaluation/evaluation-records.js";
import type { RunRecord } from "../../training/record/run-records.js";
import { MonitoredMetric } from "../configuration/enumerations.js";
import { Evaluation } from "../evaluations/evaluation.js";
import { EpochMetrics } from "../metrics/epoch-metrics.js";
import type { RequestContext } from "../request-context.js";
import { Run } from "../runs/run.js";

@ObjectType({
  description:
    "The best checkpoint of a compared run by its monitored metric: the one that is tested and that " +
    "`registerModelVersion` exports. All values are of this one checkpoint.",
})
export class SelectedCheckpoint {
  @Field(() => Int, { description: "Epoch at whose end it was saved, from 1." })
  epoch!: number;

  @Field(() => MonitoredMetric, { description: "The metric by which it is the best." })
  monitor!: MonitoredMetricWord;

  @Field(() => EpochMetrics, { description: "Metrics of its epoch." })
  metrics!: EpochMetrics;
}

@Resolver(() => SelectedCheckpoint)
export class SelectedCheckpointResolver {
  @FieldResolver(() => Evaluation, {
    nullable: true,
    description:
      "Scores on the validation split, by which the checkpoint was chosen, so they are better than those of new images. " +
      "Null when there are none.",
  })
  validation(
    @Root() checkpoint: SelectedCheckpointRecord,
    @Ctx() context: RequestContext,
  ): Promise<EvaluationRecord | null> {
    return evaluationOn("VALIDATION", checkpoint, context);
  }

  @FieldResolver(() => Evaluation, {
    nullable: true,
    description:
      "Scores on the test split; null until the run has succeeded, and for a split without images.",
  })
  test(
    @Root() checkpoint: SelectedCheckpointRecord,
    @Ctx() context: RequestContext,
  ): Promise<EvaluationRecord | null> {
    return evaluationOn("TEST", checkpoint, context);
  }

  @FieldResolver(() => Run, { description: "The run that saved it." })
  run(@Root() { runId }: SelectedCheckpointRecord, @Ctx() { loaders }: RequestContext): Promise<RunRecord> {
    return loaders.run.load(runId);
  }
}

/** Null where the checkpoint is not evaluated, and where a better one has replaced it meanwhile. */
async function evaluationOn(
  split: Split,
  { runId, epoch }: SelectedCheckpointRecord,
  { loaders }: RequestContext,
): Promise<EvaluationRecord | null> {
  const evaluations = await loaders.evaluations.load(runId);
  return evaluations.find((evaluation) => evaluation.split === split && evaluation.epoch === epoch) ?? null;
}
