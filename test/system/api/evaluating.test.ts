import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import type { ResultOf } from "@graphql-typed-document-node/core";
import { graphql } from "../../../src/client/generated/gql.js";
import type { RunConfigurationInput } from "../../../src/client/generated/graphql.js";
import { decodePredictions } from "../../../src/training/evaluation/predictions-file.js";
import { awaitRun, importFlowers, launchRun } from "../../testkit/api/flower-job.js";
import { startTestServer, type TestServer } from "../../testkit/api/server.js";
import { readSummaries } from "../../testkit/files/tensorboard-events.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const CONFIGURATION: RunConfigurationInput = {
  architecture: "VGG11",
  widthMultiplier: 0.0625,
  imageSizePixels: 32,
  head: { kind: "GLOBAL_AVERAGE_POOLING" },
  precision: "FLOAT32",
  batchSize: 8,
  epochs: 3,
};

graphql(`fragment EvaluatingFigures on Evaluation {
  split sampleCount loss { value } top1 top5 expectedCalibrationError predictionsCsvUrl
  classes { name precision recall f1 support } confusion
  confusionCells(first: 200) { totalCount nodes { trueClass predictedClass sampleCount } }
}`);

const EVALUATIONS = graphql(`query EvaluatingEvaluations($id: ID!) {
  run(id: $id) {
    datasetVersion { classes { name } splits { split sampleCount } }
    metrics { key best { value } }
    train: evaluation(split: TRAIN) { top1 }
    validation: evaluation { ...EvaluatingFigures }
    test: evaluation(split: TEST) { ...EvaluatingFigures }
  }
}`);

const DISAGREEMENTS = graphql(`query EvaluatingDisagreements($ids: [ID!]!, $after: String) {
  compareRuns(runIds: $ids) {
    disagreements(first: 2, after: $after) {
      totalCount
      nodes { sample { id className } predictions { label probability } }
      pageInfo { hasNextPage endCursor }
    }
  }
}`);

type Disagreements = ResultOf<typeof DISAGREEMENTS>["compareRuns"]["disagreements"];

const COMPARED_CLASSES = graphql(`query EvaluatingCompare($ids: [ID!]!) {
  compareRuns(runIds: $ids) { classes { name f1 } }
}`);

const ARTIFACTS = graphql(`query EvaluatingArtifacts($id: ID!) {
  run(id: $id) { artifacts { name sizeBytes sha256 url } }
}`);

const LOSSES = graphql(`query EvaluatingLosses($id: ID!) {
  run(id: $id) { metricHistory(key: "validation.loss") { points { step value } } }
}`);

test("two runs are compared by class and by image, and leave files for other tools", async (t) => {
  await using server = await startTestServer();
  const datasetRef = await importFlowers(server, 20);
  const plain = await launchRun(server, datasetRef, { ...CONFIGURATION, seed: 1 });
  const other = await launchRun(server, datasetRef, {
    ...CONFIGURATION,
    seed: 2,
    batchNormalization: true,
    augmentation: { horizontalFlip: true },
  });
  for (const id of [plain, other]) await awaitRun(server, id);

  await t.test("a run has scores of its best checkpoint on each split except TRAIN", async () => {
    const run = await evaluationsOf(server, plain);
    assert.equal(run.train, null);
    for (const [evaluation, split] of [
      [run.validation, "VALIDATION"],
      [run.test, "TEST"],
    ] as const) {
      const { sampleCount, classes, confusion, confusionCells, top1, top5, expectedCalibrationError } =
        evaluation;
      assert.equal(evaluation.split, split);
      assert.equal(sampleCount, run.datasetVersion.splits.find((one) => one.split === split)?.sampleCount);
      assert.equal(
        sampleCount,
        classes.reduce((sum, { support }) => sum + support, 0),
      );
      assert.deepEqual(
        classes.map(({ name }) => name),
        run.datasetVersion.classes.map(({ name }) => name),
      );
      assert.deepEqual(
        confusion.map((row) => row.reduce((sum, samples) => sum + samples, 0)),
        classes.map(({ support }) => support),
      );
      const cells = confusionCells.nodes.map(({ trueClass, predictedClass, sampleCount }) => {
        const [row, column] = [trueClass, predictedClass].map((name) =>
          classes.findIndex((one) => one.name === name),
        );
        assert.equal(confusion[row ?? -1]?.[column ?? -1], sampleCount);
        return sampleCount;
      });
      assert.equal(cells.length, confusionCells.totalCount);
      assert.equal(
        cells.reduce((sum, samples) => sum + samples, 0),
        sampleCount,
      );
      const right = confusion.reduce((sum, row, index) => sum + (row[index] ?? 0), 0);
      assert.ok(Math.abs(top1 - right / sampleCount) < 1e-12);
      assert.deepEqual([top5, expectedCalibrationError >= 0 && expectedCalibrationError <= 1], [1, true]);
    }
    const best = run.metrics.find(({ key }) => key === "validation.top1")?.best?.value;
    assert.equal(run.validation.top1, best);
  });

  await t.test(
    "the images on which the runs disagree are listed in pages and match the artifacts",
    async () => {
      const ids = [plain, other];
      const [first, second] = await Promise.all(ids.map((id) => predictionsOf(server, id, "VALIDATION")));
      assert.ok(first && second);
      const expected = first.positions.length - agreements(first, second);
      assert.ok(expected > 2, `${expected} disagreements are too few to page through`);
      const found: Disagreements["nodes"][number][] = [];
      let after: string | null = null;
      do {
        const page: Disagreements = await disagreementsOf(server, ids, after);
        assert.equal(page.totalCount, expected);
        found.push(...page.nodes);
        after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
      } while (after !== null);
      assert.equal(found.length, expected);
      assert.equal(new Set(found.map(({ sample }) => sample.id)).size, expected);
      for (const { sample, predictions } of found) {
        assert.equal(predictions.length, 2);
        assert.equal(predictions.filter(({ label }) => label === sample.className).length, 1);
      }
    },
  );

  await t.test("a comparison has the scores of each run per class", async () => {
    const { compareRuns } = await server.viewer.ask(COMPARED_CLASSES, { ids: [plain, other] });
    const [ofPlain, ofOther] = await Promise.all([plain, other].map((id) => evaluationsOf(server, id)));
    assert.deepEqual(
      compareRuns.classes,
      ofPlain?.validation.classes.map(({ name, f1 }, index) => ({
        name,
        f1: [f1, ofOther?.validation.classes[index]?.f1],
      })),
    );
  });

  await t.test("its artifacts are downloaded completely by callers with the role VIEWER", async () => {
    const artifacts = await artifactsOf(server, other);
    assert.deepEqual(
      artifacts.map(({ name }) => name.replace(/\d+/, "<seconds>")),
      ["events.out.tfevents.<seconds>.espalier", "predictions-test.npy", "predictions-validation.npy"],
    );
    for (const { name, url, sizeBytes, sha256 } of artifacts) {
      const response = await server.viewer.fetch(url);
      assert.equal(response.status, 200);
      assert.match(response.headers.get("content-disposition") ?? "", /^attachment; filename="?[\w.-]+"?$/);
      const bytes = await response.bytes();
      assert.deepEqual([bytes.length, createHash("sha256").update(bytes).digest("hex")], [sizeBytes, sha256]);
      assert.equal((await server.anonymous.fetch(url)).status, 401);
      assert.equal((await server.viewer.fetch(url.replace(name, `x${name}`))).status, 404);
    }
  });

  await t.test("its predictions are downloaded as CSV by callers with the role VIEWER", async () => {
    for (const split of ["VALIDATION", "TEST"] as const) {
      const { validation, test, datasetVersion } = await evaluationsOf(server, other);
      const url = (split === "TEST" ? test : validation).predictionsCsvUrl;
      const response = await server.viewer.fetch(url);
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("content-type"), "text/csv; charset=utf-8; header=present");
      assert.equal(
        response.headers.get("content-disposition"),
        `attachment; filename=predictions-${split.toLowerCase()}.csv`,
      );
      const [header, ...lines] = (await response.text()).trimEnd().split("\r\n");
      assert.match(header ?? "", /^sample,label,class_1,probability_1,.*,class_5,probability_5$/);
      const { positions, labels, ranked, probabilities, ranks } = await predictionsOf(server, other, split);
      assert.equal(lines.length, positions.length);
      for (const [sample, line] of lines.entries()) {
        const [name = "", label, first, probability] = line.split(",");
        const classNames = datasetVersion.classes.map((one) => one.name);
        assert.equal(name.split("/").at(-2), label);
        assert.deepEqual(
          [label, first],
          [labels[sample] ?? -1, ranked[sample * ranks] ?? -1].map((index) => classNames[index]),
        );
        assert.equal(Math.fround(Number(probability)), probabilities[sample * ranks]);
      }
      assert.equal((await server.anonymous.fetch(url)).status, 401);
      assert.equal((await server.viewer.fetch(url.replace(/[0-9a-f](?=\.csv)/, "x"))).status, 404);
      assert.equal((await server.viewer.fetch(url.replace(other, plain))).status, 404);
    }
  });

  await t.test(
    "the TensorBoard file has the metrics and weights of every epoch, and augmented images",
    async () => {
      await using temporary = await temporaryFolder();
      const events = (await artifactsOf(server, other)).find(({ name }) => name.startsWith("events"));
      const file = path.join(temporary.folder, "events");
      await writeFile(file, await (await server.viewer.fetch(events?.url ?? "")).bytes());
      const summaries = await readSummaries(file);
      const { run } = await server.viewer.ask(LOSSES, { id: other });
      assert.deepEqual(
        summaries
          .filter(({ tag }) => tag === "validation/loss")
          .map(({ step, scalar }) => ({ step, value: scalar })),
        run?.metricHistory.points.map(({ step, value }) => ({
          step,
          value: Math.fround(value ?? Number.NaN),
        })),
      );
      const [, kernel] = summaries.filter(({ tag }) => tag === "block1_conv1/kernel");
      assert.equal(kernel?.histogram?.count, 3 * 3 * 3 * 4);
      assert.equal(
        kernel?.histogram?.counts.reduce((sum, count) => sum + count, 0),
        kernel?.histogram?.count,
      );
      const images = summaries.filter(({ tag }) => tag.startsWith("pictures/"));
      assert.equal(images.length, 8);
      for (const { image } of images) assert.equal(image?.subarray(1, 4).toString(), "PNG");
    },
  );
});

async function evaluationsOf({ viewer }: TestServer, id: string) {
  const { run } = await viewer.ask(EVALUATIONS, { id });
  assert.ok(run?.validation && run.test);
  return { ...run, validation: run.validation, test: run.test };
}

async function disagreementsOf(
  { viewer }: TestServer,
  ids: readonly string[],
  after: string | null,
): Promise<Disagreements> {
  const { compareRuns } = await viewer.ask(DISAGREEMENTS, { ids, after });
  return compareRuns.disagreements;
}

async function artifactsOf({ viewer }: TestServer, id: string) {
  const { run } = await viewer.ask(ARTIFACTS, { id });
  assert.ok(run);
  return run.artifacts;
}

async function predictionsOf(server: TestServer, id: string, split: "VALIDATION" | "TEST") {
  const name = `predictions-${split.toLowerCase()}.npy`;
  const artifact = (await artifactsOf(server, id)).find((one) => one.name === name);
  return decodePredictions(await (await server.viewer.fetch(artifact?.url ?? "")).bytes());
}

function agreements(
  first: Awaited<ReturnType<typeof predictionsOf>>,
  second: Awaited<ReturnType<typeof predictionsOf>>,
): number {
  const right = ({ ranked, ranks, labels }: typeof first, sample: number): boolean =>
    ranked[sample * ranks] === labels[sample];
  return first.positions.filter((_position, sample) => right(first, sample) === right(second, sample)).length;
}
