import { openAsBlob } from "node:fs";
import path from "node:path";
import type { ResultOf } from "@graphql-typed-document-node/core";
import { ClientError } from "../../src/client/client-error.js";
import { graphql } from "../../src/client/generated/gql.js";
import { importDataset } from "../../src/client/import-dataset.js";
import { existingFile, optional, wholeNumber } from "../../src/client/options.js";
import { uploadFile } from "../../src/client/upload-file.js";
import { projectRoot } from "../../src/lang/project-root.js";
import { type Benchmark, benchmark } from "../benchmark.js";
import { rounded } from "../figures/rounded.js";
import { wilsonInterval } from "../figures/wilson-interval.js";
import { trainToEnd } from "../runs/train-to-end.js";
import type { MeasuredServer } from "../server/measured-server.js";
import { WorkFolder } from "../server/work-folder.js";
import { readRecipe, withEpochs } from "./recipe-file.js";

const RUN_RESULT = graphql(`query BenchRunResult($runId: ID!) {
  run(id: $runId) {
    validation: evaluation(split: VALIDATION) { sampleCount top1 }
    test: evaluation(split: TEST) { sampleCount top1 }
  }
}`);

type Evaluated = NonNullable<NonNullable<ResultOf<typeof RUN_RESULT>["run"]>["validation"]>;

const OPTIONS = {
  data: existingFile("<archive>", "images in class folders"),
  recipe: optional(
    existingFile("<file>", "split and configuration, instead of examples/recipes/flowers-64px.json"),
  ),
  epochs: optional(
    wholeNumber("epochs to train, instead of the recipe's; the warm-up keeps its share of them", {
      minimum: 1,
      otherwise: 0,
    }),
  ),
} as const;

/** Measures the accuracy and the time of a recipe: imports, trains and evaluates through the API. */
export const recipe: Benchmark = benchmark(
  "recipe",
  "accuracy and time of a recipe from scratch",
  OPTIONS,
  async (options, context) => {
    await using work = await WorkFolder.create();
    const file = options.recipe ?? path.join(projectRoot(), "examples/recipes/flowers-64px.json");
    const written = await readRecipe(file);
    const { split, configuration } = options.epochs === null ? written : withEpochs(written, options.epochs);
    return await work.serve(context, async (server) => {
      context.report(`importing ${path.basename(options.data)}`);
      const uploadId = await uploadFile(server.api, await openAsBlob(options.data));
      const version = await importDataset(server.api, { dataset: "images", source: { uploadId }, split });
      const cost = await trainToEnd(server, version.ref, configuration, context);
      const { validation, test } = await evaluationsOf(server, cost.runId);
      const { low, high } = wilsonInterval(Math.round(test.top1 * test.sampleCount), test.sampleCount);
      return {
        figures: {
          valTop1: rounded(validation.top1),
          testTop1: rounded(test.top1),
          testTop1Low: rounded(low),
          testTop1High: rounded(high),
          secondsPerEpoch: rounded(cost.secondsPerEpoch),
          seconds: rounded(cost.seconds),
          epochs: cost.epochs.length,
        },
        settings: {
          recipe: path.basename(file),
          threads: server.threads,
          precision: cost.precision,
          batchSize: Number(configuration.batchSize),
          images: version.sampleCount,
          validationImages: validation.sampleCount,
          testImages: test.sampleCount,
        },
      };
    });
  },
);

/** Returns the evaluations of the best checkpoint, which the server makes at the end of the run. */
async function evaluationsOf(
  { api }: MeasuredServer,
  runId: string,
): Promise<{ validation: Evaluated; test: Evaluated }> {
  const { run } = await api.request(RUN_RESULT, { runId });
  if (run?.validation && run.test) return { validation: run.validation, test: run.test };
  throw new ClientError(
    "NOT_EVALUATED",
    "Expected evaluations of the validation and the test split. The recipe's split must give both a fraction above 0.",
  );
}
