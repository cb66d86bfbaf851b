import { Ctx, Field, FieldResolver, Float, Int, ObjectType, Resolver, Root } from "type-graphql";
import type { AlignedCurve as AlignedCurveRecord } from "../../training/comparison/aligned-curves.js";
import type { RunRecord } from "../../training/record/run-records.js";
import type { RequestContext } from "../request-context.js";
import { Run } from "../runs/run.js";

@ObjectType({ description: "One run's line in a chart." })
export class CurveSeries {
  @Field(() => [Float], {
    nullable: "items",
    description: "A value for each of `epochs`; null where the run has none, or none that is finite.",
  })
  values!: readonly (number | null)[];
}

@Resolver(() => CurveSeries)
export class CurveSeriesResolver {
  @FieldResolver(() => Run, { description: "Whose line it is." })
  run(
    @Root() { runId }: AlignedCurveRecord["series"][number],
    @Ctx() { loaders }: RequestContext,
  ): Promise<RunRecord> {
    return loaders.run.load(runId);
  }
}

@ObjectType({ description: "One metric of the compared runs over the epochs, ready to be drawn." })
export class AlignedCurve {
  @Field(() => String, { description: "Which metric." })
  key!: string;

  @Field(() => [Int], { description: "Every epoch that at least one of the runs completed." })
  epochs!: readonly number[];

  @Field(() => [CurveSeries], { description: "A line for each run, in the order of `runs`." })
  series!: readonly CurveSeries[];
}
