import { setImmediate } from "node:timers/promises";
import { Arg, Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import { classFigures } from "../../training/evaluation/evaluate-predictions.js";
import type { EvaluationRecord } from "../../training/evaluation/evaluation-records.js";
import type { RunRecord } from "../../training/record/run-records.js";
import { Split } from "../datasets/enumerations.js";
import type { RequestContext } from "../request-context.js";
import { Run } from "../runs/run.js";
import { ClassEvaluation, Evaluation } from "./evaluation.js";

/** GraphQL checks each of them, a million for 1,000 classes: in between, others get a turn. */
const CELLS_AT_ONCE = 20_000;

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

@Resolver(() => Evaluation)
export class EvaluationResolver {
  @FieldResolver(() => [ClassEvaluation], { description: "How it does on each class, in class order." })
  async classes(
    @Root() evaluation: EvaluationRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly ClassEvaluation[]> {
    const { datasetVersionId } = await loaders.run.load(evaluation.runId);
    const { classNames } = await loaders.datasetVersion.load(datasetVersionId);
    const figures = classFigures(await loaders.confusion.load(evaluation), classNames.length);
    return figures.map((ofClass, index) => ({ name: classNames[index] ?? "", ...ofClass }));
  }

  @FieldResolver(() => [[Int]], {
    description:
      "Pictures by true class (rows), then by the class that they were classified as (columns), in class order.",
  })
  async confusion(
    @Root() evaluation: EvaluationRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly Promise<Int32Array>[]> {
    return inTurns(await loaders.confusion.load(evaluation));
  }
}

/** The rows of a square matrix, which become known a few at a time. */
function inTurns(cells: Int32Array): readonly Promise<Int32Array>[] {
  const side = Math.sqrt(cells.length);
  const rowsAtOnce = Math.ceil(CELLS_AT_ONCE / side);
  let turn: Promise<unknown> = Promise.resolve();
  return Array.from({ length: side }, (_row, index) => {
    if (index > 0 && index % rowsAtOnce === 0) turn = turn.then(() => setImmediate());
    return turn.then(() => cells.subarray(index * side, (index + 1) * side));
  });
}
