import { Ctx, Field, FieldResolver, Float, Int, ObjectType, Resolver, Root } from "type-graphql";
import type { AlignedCurve as AlignedCurveRecord } from "../../training/comparison/aligned-curves.js";
import type { RunRecord } from "../../training/record/run-records.js";
import type { RequestContext } from "../request-context.js";
import { Run } from "../runs/run.js";

@ObjectType({ description: "The curve of one run in a chart." })
export class CurveSeries {
  @Field(() => [Float], {
    nullable: "items",
    description: "One value for each of `epochs`; null where the run has no finite value.",
  })
  values!: readonly (number | null)[];
}

@Resolver(() => CurveSeries)
export class CurveSeriesResolver {
  @FieldResolver(() => Run, { description: "The run whose curve this is." })
  run(
    @Root() { runId }: AlignedCurveRecord["series"][number],
    @Ctx() { loaders }: RequestContext,
  ): Promise<RunRecord> {
    return loaders.run.load(runId);
  }
}

@ObjectType({ description: "One metric of the compared runs over the epochs, ready for a chart." })
export class AlignedCurve {
  @Field(() => String, { description: 'Key of the metric, such as "validation.top1".' })
  key!: string;

  @Field(() => [Int], {
    description: "Numbers of all epochs that at least one of the runs completed, in ascending order.",
  })
  epochs!: readonly number[];

  @Field(() => [CurveSeries], { description: "One curve for each run, in the order of `runs`." })
  series!: readonly CurveSeries[];
}
