import { Ctx, Field, FieldResolver, Int, ObjectType, Resolver, Root } from "type-graphql";
import type { MonitoredMetric as MonitoredMetricWord } from "../../core/enumerations.js";
import type { SelectedCheckpoint as SelectedCheckpointRecord } from "../../training/comparison/comparison.js";
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

  @Field(() => Evaluation, {
    nullable: true,
    description:
      "Scores on the validation split, by which the checkpoint was chosen, so they are better than those of new images. Null when there " +
      "are none.",
  })
  validation!: Evaluation | null;

  @Field(() => Evaluation, {
    nullable: true,
    description:
      "Scores on the test split; null until the run has succeeded, and for a split without images.",
  })
  test!: Evaluation | null;
}

@Resolver(() => SelectedCheckpoint)
export class SelectedCheckpointResolver {
  @FieldResolver(() => Run, { description: "The run that saved it." })
  run(@Root() { runId }: SelectedCheckpointRecord, @Ctx() { loaders }: RequestContext): Promise<RunRecord> {
    return loaders.run.load(runId);
  }
}
