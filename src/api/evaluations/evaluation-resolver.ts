import { Arg, Args, Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import { AppError } from "../../core/app-error.js";
import { denseConfusion } from "../../core/confusion-matrix.js";
import { wilsonInterval } from "../../core/metrics/wilson-interval.js";
import { mapPage } from "../../core/page.js";
import { pageOfConfusion } from "../../training/evaluation/confusion-page.js";
import { classFigures } from "../../training/evaluation/evaluate-predictions.js";
import type { EvaluationRecord } from "../../training/evaluation/evaluation-records.js";
import { predictionsCsvPath } from "../http/predictions-route.js";
import { CLASSES_AT_ONCE, inTurns } from "../in-turns.js";
import { Connection } from "../relay/connection.js";
import { PageArguments, type PageInput, pageRequest } from "../relay/page-arguments.js";
import type { RequestContext } from "../request-context.js";
import { ClassEvaluation } from "./class-evaluation.js";
import { ConfidenceInterval } from "./confidence-interval.js";
import { type ConfusionCell, ConfusionCellConnection } from "./confusion-cell.js";
import { Evaluation } from "./evaluation.js";

/** GraphQL validates every cell, 250,000 for 500 classes, so the work is split into turns of the event loop. */
const CELLS_AT_ONCE = 20_000;

/** The most classes whose confusion matrix is returned whole. */
const MAX_MATRIX_CLASSES = 500;

@Resolver(() => Evaluation)
export class EvaluationResolver {
  @FieldResolver(() => ConfidenceInterval, { description: "Confidence interval of `top1`, at 95 %." })
  top1Interval(@Root() { top1, sampleCount }: EvaluationRecord): ConfidenceInterval {
    return wilsonInterval(top1, sampleCount);
  }

  @FieldResolver(() => ConfidenceInterval, { description: "Confidence interval of `top5`, at 95 %." })
  top5Interval(@Root() { top5, sampleCount }: EvaluationRecord): ConfidenceInterval {
    return wilsonInterval(top5, sampleCount);
  }

  @FieldResolver(() => [ClassEvaluation], { description: "Scores per class, in class order." })
  async classes(
    @Root() evaluation: EvaluationRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly (ClassEvaluation | Promise<ClassEvaluation>)[]> {
    const classNames = await classNamesOf(evaluation, loaders);
    const figures = classFigures(await loaders.confusion.load(evaluation.id), classNames.length);
    const named = figures.map((ofClass, index) => ({ name: classNames[index] ?? "", ...ofClass }));
    return inTurns(named, CLASSES_AT_ONCE);
  }

  @FieldResolver(() => String, {
    description:
      "Path on this server from which the predictions are downloaded as CSV (RFC 4180, UTF-8), with the same " +
      "`Authorization` header: sample, label, and the five most probable classes, each with its probability. Names are " +
      "written as they are; import them as text where a spreadsheet would take a name for a formula.",
  })
  predictionsCsvUrl(@Root() { runId, predictionsSha256 }: EvaluationRecord): string {
    return predictionsCsvPath(runId, predictionsSha256);
  }

  @FieldResolver(() => [[Int]], {
    description:
      "Number of images by true class (rows) and predicted class (columns), in class order. For at most " +
      `${MAX_MATRIX_CLASSES} classes; with more, the error CONFUSION_TOO_LARGE refers to \`confusionCells\`.`,
  })
  async confusion(
    @Root() evaluation: EvaluationRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly (Int32Array | Promise<Int32Array>)[]> {
    const { length: classCount } = await classNamesOf(evaluation, loaders);
    if (classCount > MAX_MATRIX_CLASSES) {
      throw new AppError(
        "CONFUSION_TOO_LARGE",
        `A confusion matrix is returned whole for at most ${MAX_MATRIX_CLASSES} classes. Received an evaluation of ` +
          `${classCount}. Ask for the pages of \`confusionCells\`.`,
      );
    }
    const cells = denseConfusion(await loaders.confusion.load(evaluation.id), classCount);
    const rows = Array.from({ length: classCount }, (_row, index) =>
      cells.subarray(index * classCount, (index + 1) * classCount),
    );
    return inTurns(rows, Math.ceil(CELLS_AT_ONCE / classCount));
  }

  @FieldResolver(() => ConfusionCellConnection, {
    description:
      "The confusion matrix without its zeros, for any number of classes: the cells with the most images first, " +
      "cells with equally many in class order.",
  })
  async confusionCells(
    @Root() evaluation: EvaluationRecord,
    @Arg("mistakesOnly", () => Boolean, {
      defaultValue: false,
      description:
        "Leaves out images that are classified correctly, so that the most frequent mistake comes first.",
    })
    mistakesOnly: boolean,
    @Args(() => PageArguments) page: PageInput,
    @Ctx() { loaders }: RequestContext,
  ): Promise<Connection<ConfusionCell>> {
    const classNames = await classNamesOf(evaluation, loaders);
    const confusion = await loaders.confusion.load(evaluation.id);
    const cells = await pageOfConfusion(confusion, { mistakesOnly }, pageRequest(page));
    const named = mapPage(cells, ({ trueClass, predictedClass, sampleCount }) => ({
      trueClass: classNames[trueClass] ?? "",
      predictedClass: classNames[predictedClass] ?? "",
      sampleCount,
    }));
    return new Connection({ ...named, totalCount: cells.totalCount });
  }
}

async function classNamesOf(
  { runId }: EvaluationRecord,
  loaders: RequestContext["loaders"],
): Promise<readonly string[]> {
  const { datasetVersionId } = await loaders.run.load(runId);
  return (await loaders.datasetVersion.load(datasetVersionId)).classNames;
}
