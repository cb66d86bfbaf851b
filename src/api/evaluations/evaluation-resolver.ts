import { setImmediate } from "node:timers/promises";
import { Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import { classFigures } from "../../training/evaluation/evaluate-predictions.js";
import type { EvaluationRecord } from "../../training/evaluation/evaluation-records.js";
import type { RequestContext } from "../request-context.js";
import { ClassEvaluation } from "./class-evaluation.js";
import { Evaluation } from "./evaluation.js";

/** GraphQL validates every cell, a million for 1,000 classes, so the work is split into turns of the event loop. */
const CELLS_AT_ONCE = 20_000;

@Resolver(() => Evaluation)
export class EvaluationResolver {
  @FieldResolver(() => [ClassEvaluation], { description: "Scores per class, in class order." })
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
    description: "Number of images by true class (rows) and predicted class (columns), in class order.",
  })
  async confusion(
    @Root() evaluation: EvaluationRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly Promise<Int32Array>[]> {
    return inTurns(await loaders.confusion.load(evaluation));
  }
}

/** Returns the rows of a square matrix, which resolve a few per turn of the event loop. */
function inTurns(cells: Int32Array): readonly Promise<Int32Array>[] {
  const side = Math.sqrt(cells.length);
  const rowsAtOnce = Math.ceil(CELLS_AT_ONCE / side);
  let turn: Promise<unknown> = Promise.resolve();
  return Array.from({ length: side }, (_row, index) => {
    if (index > 0 && index % rowsAtOnce === 0) turn = turn.then(() => setImmediate());
    return turn.then(() => cells.subarray(index * side, (index + 1) * side));
  });
}
