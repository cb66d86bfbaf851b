import { Arg, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { EvaluationRecord } from "../../training/evaluation/evaluation-records.js";
import type { RunRecord } from "../../training/record/run-records.js";
import { Split } from "../datasets/split.js";
import type { RequestContext } from "../request-context.js";
import { Run } from "../runs/run.js";
import { Evaluation } from "./evaluation.js";

@Resolver(() => Run)
export class RunEvaluationResolver {
  @FieldResolver(() => Evaluation, {
    nullable: true,
    description:
      "Scores of the best checkpoint. VALIDATION has them from the first epoch on, updated with every " +
      "better checkpoint; TEST has them once the run has succeeded, and loses them when an extended run finds a better " +
      "checkpoint, until that is tested. Null before that, for a split without images, and for TRAIN.",
  })
  async evaluation(
    @Root() run: RunRecord,
    @Arg("split", () => Split, {
      defaultValue: Split.VALIDATION,
      description: "The split to get the scores for.",
    })
    split: Split,
    @Ctx() { loaders }: RequestContext,
  ): Promise<EvaluationRecord | null> {
    const evaluations = await loaders.evaluations.load(run.id);
    return evaluations.find((evaluation) => evaluation.split === split) ?? null;
  }
}
