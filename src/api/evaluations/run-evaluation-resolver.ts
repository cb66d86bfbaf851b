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
      "How its best checkpoint does. On VALIDATION since its first epoch, and anew whenever a better one comes; on " +
      "TEST once it has succeeded. Null before that, on a split without pictures, and on TRAIN.",
  })
  async evaluation(
    @Root() run: RunRecord,
    @Arg("split", () => Split, { defaultValue: Split.VALIDATION, description: "On which pictures." })
    split: Split,
    @Ctx() { loaders }: RequestContext,
  ): Promise<EvaluationRecord | null> {
    const evaluations = await loaders.evaluations.load(run.id);
    return evaluations.find((evaluation) => evaluation.split === split) ?? null;
  }
}
