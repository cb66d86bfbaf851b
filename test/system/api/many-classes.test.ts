import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { pack } from "tar-stream";
import { graphql } from "../../../src/client/generated/gql.js";
import { awaitRun, launchRun, uploadBytes } from "../../testkit/api/flower-job.js";
import { startTestServer } from "../../testkit/api/server.js";
import { plainPng } from "../../testkit/files/plain-png.js";

/** More than a whole confusion matrix is returned for. Set it to 12000 to measure: that takes minutes, most of them to import. */
const CLASSES = Number(process.env.ESPALIER_TEST_CLASSES ?? 501);
const IMAGES_OF_CLASS = 3;

/** Of the process with its engine, with 12,000 classes; a whole confusion matrix of them took 576 MB, several times. */
const MAX_MEMORY_BYTES = 1.5 * 1024 ** 3;

const IMPORT = graphql(`mutation ManyClassesImport($uploadId: ID!) {
  importDataset(input: {
    dataset: "many", source: { uploadId: $uploadId }, split: { validation: 0.34, test: 0.33 }
  }) { datasetVersion { id ref } userErrors { code message } }
}`);

const FOLLOW_IMPORT = graphql(`subscription ManyClassesFollow($id: ID!) {
  importEvents(datasetVersionId: $id) { cursor }
}`);

const DATASET = graphql(`query ManyClassesDataset($ref: String!, $className: String!) {
  datasetVersion(ref: $ref) {
    status failure { code message } classes { name } splits { split sampleCount }
    samples(first: 2, filter: { className: $className }) { totalCount nodes { className } }
  }
}`);

const EVALUATION = graphql(`query ManyClassesEvaluation($id: ID!) {
  run(id: $id) {
    state endDetail startedAt endedAt epochs { seconds }
    evaluation {
      sampleCount top1 top5 predictionsCsvUrl
      classes { name f1 support }
      confusionCells(first: 1) { totalCount nodes { trueClass predictedClass sampleCount } }
    }
    test: evaluation(split: TEST) { sampleCount }
  }
}`);

const CONFUSION = graphql(
  `query ManyClassesConfusion($id: ID!) { run(id: $id) { evaluation { confusion } } }`,
);

const COMPARE = graphql(`query ManyClassesCompare($ids: [ID!]!) {
  compareRuns(runIds: $ids) {
    data { path } classes { name f1 } disagreements(first: 5) { totalCount nodes { sample { className } } }
  }
}`);

const REGISTER = graphql(`mutation ManyClassesRegister($id: ID!) {
  registerModelVersion(input: { model: "many", runId: $id }) { modelVersion { classNames } userErrors { code } }
}`);

const CLASSIFY = graphql(`mutation ManyClassesClassify($image: String!) {
  classify(input: { model: "many", images: [{ base64: $image }], topK: 3 }) {
    results { ... on ImageClassification { top { label } } } userErrors { code }
  }
}`);

test(`${CLASSES} classes are imported, trained, evaluated, compared and classified within memory`, async (t) => {
  const startedAt = performance.now();
  const step = (name: string): void => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const megabytes = Math.round(process.resourceUsage().maxRSS / 1024);
    t.diagnostic(`${seconds} s, at most ${megabytes} MB: ${name}`);
  };
  await using server = await startTestServer();
  const uploadId = await uploadBytes(server, await archiveOfClasses());
  step("uploaded");
  const { importDataset } = await server.editor.ask(IMPORT, { uploadId });
  const { id: versionId, ref } = importDataset.datasetVersion ?? assert.fail();
  for await (const { errors } of server.viewer.follow(FOLLOW_IMPORT, { id: versionId })) {
    assert.equal(errors, undefined);
  }
  step("imported");
  const { datasetVersion } = await server.viewer.ask(DATASET, { ref, className: nameOf(CLASSES - 1) });
  assert.deepEqual([datasetVersion?.status, datasetVersion?.failure], ["READY", null]);
  assert.equal(datasetVersion?.classes.length, CLASSES);
  assert.deepEqual(datasetVersion?.samples.totalCount, IMAGES_OF_CLASS);
  step("dataset read");

  const configuration = {
    architecture: "VGG11",
    widthMultiplier: 0.0625,
    imageSizePixels: 32,
    head: { kind: "GLOBAL_AVERAGE_POOLING" },
    batchNormalization: true,
    precision: "FLOAT32",
    batchSize: 256,
    epochs: 1,
    classWeights: { balanced: true },
  } as const;
  const ids = [
    await launchRun(server, ref, { ...configuration, seed: 1 }),
    await launchRun(server, ref, { ...configuration, seed: 2 }),
  ];
  for (const id of ids) await awaitRun(server, id);
  step("trained twice");

  const [id = ""] = ids;
  const { run } = await server.viewer.ask(EVALUATION, { id });
  t.diagnostic(JSON.stringify([run?.startedAt, run?.endedAt, run?.epochs]));
  assert.equal(run?.state, "SUCCEEDED", String(run?.endDetail));
  const { evaluation } = run;
  assert.ok(evaluation);
  assert.equal(evaluation.sampleCount, CLASSES);
  assert.equal(evaluation.classes.length, CLASSES);
  assert.ok(evaluation.classes.every(({ support }) => support === 1));
  assert.ok(evaluation.confusionCells.totalCount <= CLASSES);
  step("evaluation read");
  const { errors } = await server.viewer.send(CONFUSION, { id });
  assert.equal(errors?.[0]?.extensions.code, "CONFUSION_TOO_LARGE");

  const { compareRuns } = await server.viewer.ask(COMPARE, { ids });
  assert.equal(compareRuns.classes.length, CLASSES);
  step("compared");
  const csv = await (await server.viewer.fetch(evaluation.predictionsCsvUrl)).text();
  assert.equal(csv.trimEnd().split("\r\n").length, 1 + CLASSES);
  step("predictions read as CSV");
  const { registerModelVersion } = await server.editor.ask(REGISTER, { id });
  assert.equal(registerModelVersion.modelVersion?.classNames.length, CLASSES);
  const { classify } = await server.viewer.ask(CLASSIFY, { image: imageOf(0, 0).toString("base64") });
  assert.deepEqual(classify.userErrors, []);
  step("registered and classified");

  const memoryBytes = process.resourceUsage().maxRSS * 1024;
  assert.ok(memoryBytes < MAX_MEMORY_BYTES, `${Math.round(memoryBytes / 1024 ** 2)} MB`);
});

/** A class with a comma in its name, so that it needs quotes in CSV. */
function nameOf(index: number): string {
  return `class ${index}, the ${index === CLASSES - 1 ? "last" : "next"}`;
}

/** Every image has its own color. */
function imageOf(index: number, image: number): Buffer {
  const number = index * IMAGES_OF_CLASS + image;
  return plainPng(8, [number & 255, (number >> 8) & 255, 128 * (number >> 16)]);
}

async function archiveOfClasses(): Promise<Buffer> {
  const tar = pack();
  const packed = buffer(tar);
  for (let index = 0; index < CLASSES; index++) {
    for (let image = 0; image < IMAGES_OF_CLASS; image++) {
      // One at a time: entries that wait for each other take memory, which is measured here.
      await new Promise<unknown>((resolve) =>
        tar.entry({ name: `${nameOf(index)}/${image}.png` }, imageOf(index, image), resolve),
      );
    }
  }
  tar.finalize();
  return packed;
}
