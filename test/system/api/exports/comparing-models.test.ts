import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ResultOf } from "@graphql-typed-document-node/core";
import type { ApiServices } from "../../../../src/api/api-services.js";
import { startEspalier } from "../../../../src/app/espalier.js";
import { graphql } from "../../../../src/client/generated/gql.js";
import type { ExportFormat, RunConfigurationInput, Split } from "../../../../src/client/generated/graphql.js";
import { parseConfig } from "../../../../src/core/config.js";
import { wilsonInterval } from "../../../../src/core/metrics/wilson-interval.js";
import { descendantsOf } from "../../../../src/exports/comparison/peak-memory.js";
import type { NetworkShape } from "../../../../src/graph/architectures/architecture.js";
import { countMultiplications } from "../../../../src/graph/architectures/multiplications.js";
import { OwnedResources } from "../../../../src/lang/owned-resources.js";
import { awaitRun, type Clients, importFlowers, launchRun } from "../../../testkit/api/flower-job.js";
import { GraphqlClient } from "../../../testkit/api/graphql-client.js";
import { createTestDatabase, testLog } from "../../../testkit/postgres/database.js";

const CONFIGURATION: RunConfigurationInput = {
  architecture: "VGG11",
  widthMultiplier: 0.0625,
  imageSizePixels: 32,
  batchNormalization: true,
  head: { kind: "GLOBAL_AVERAGE_POOLING" },
  precision: "FLOAT32",
  batchSize: 8,
  epochs: 3,
};

const NETWORK: NetworkShape = {
  architecture: "VGG11",
  batchNormalization: true,
  widthMultiplier: 0.0625,
  imageSizePixels: 32,
  head: { kind: "GLOBAL_AVERAGE_POOLING", units: 0, dropout: 0 },
  classCount: 5,
};

const REGISTER = graphql(`mutation ComparingRegister($runId: ID!) {
  registerModelVersion(input: { model: "flowers", runId: $runId }) { modelVersion { id ref } userErrors { code } }
}`);

const EXPORT = graphql(`mutation ComparingExport($modelVersion: String!, $format: ExportFormat!) {
  exportModelVersion(input: { modelVersion: $modelVersion, format: $format }) {
    modelExport { id } userErrors { code message }
  }
}`);

const FOLLOW = graphql(`subscription ComparingFollow($id: ID!) { exportEvents(exportId: $id) { cursor } }`);

const CANCEL = graphql(`mutation ComparingCancel($id: ID!) {
  cancelExport(input: { exportId: $id }) { modelExport { state } userErrors { code } }
}`);

const STORED = graphql(`query ComparingStored($ref: String!) {
  modelVersion(ref: $ref) {
    sizeBytes parameterCount
    datasetVersion { ref }
    evaluation(split: TEST) { top1 sampleCount }
    exports { nodes { id file { sizeBytes } proof { status accuracy imageCount runtime runtimeVersion } } }
  }
}`);

const COMPARE = graphql(`query ComparingModels($refs: [String!]!, $split: Split, $measuredAfter: DateTime) {
  compareModels(refs: $refs, split: $split, measuredAfter: $measuredAfter) {
    split
    measuredAt
    datasetVersion { ref }
    machine { processor threads gpu }
    rows {
      ref
      modelVersion { ref }
      modelExport { id format }
      parameterCount multiplications sizeBytes
      notMeasuredReason
      measurement {
        runtime runtimeVersion imageCount accuracy
        accuracyInterval { lower upper }
        millisecondsPerImageAtBatch1 millisecondsPerImageAtBatch8 peakMemoryBytes
      }
    }
  }
}`);

interface Server extends Clients, AsyncDisposable {
  readonly services: ApiServices;
}

const owned = new OwnedResources();
let homeFolder: string;
let databaseUrl: string;
let server: Server;
/** "flowers:1" and its exports. */
let version: string;
let savedModel: string;
let tflite: string;

before(async () => {
  homeFolder = await mkdtemp(path.join(tmpdir(), "espalier-comparing-"));
  owned.defer(() => rm(homeFolder, { recursive: true, force: true }));
  databaseUrl = owned.own(await createTestDatabase()).url;
  server = await start();
  owned.defer(() => server[Symbol.asyncDispose]());

  const runId = await launchRun(server, await importFlowers(server, 20), CONFIGURATION);
  await awaitRun(server, runId);
  const { registerModelVersion } = await server.editor.ask(REGISTER, { runId });
  assert.deepEqual(registerModelVersion.userErrors, []);
  version = registerModelVersion.modelVersion?.ref ?? "";
  savedModel = await exportAs("SAVED_MODEL");
  tflite = await exportAs("TFLITE");
});
after(() => owned[Symbol.asyncDispose]());

/** Starts the product on the same home folder and database each time, without a Python. */
async function start(): Promise<Server> {
  const config = parseConfig({
    ...process.env,
    ESPALIER_HOME: homeFolder,
    ESPALIER_PORT: "0",
    DATABASE_URL: databaseUrl,
    ESPALIER_PYTHON: "",
  });
  const espalier = await startEspalier(config, { log: testLog, progress: () => {} });
  const clientOf = async (role: "EDITOR" | "VIEWER") => {
    const { secret } = await espalier.services.accessTokens.create({ name: role, role });
    return new GraphqlClient(espalier.url, secret);
  };
  const [editor, viewer] = [await clientOf("EDITOR"), await clientOf("VIEWER")];
  return {
    services: espalier.services,
    editor,
    viewer,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([editor[Symbol.asyncDispose](), viewer[Symbol.asyncDispose]()]);
      await espalier[Symbol.asyncDispose]();
    },
  };
}

async function begunExport(format: ExportFormat): Promise<string> {
  const { exportModelVersion } = await server.editor.ask(EXPORT, { modelVersion: version, format });
  assert.deepEqual(exportModelVersion.userErrors, []);
  return exportModelVersion.modelExport?.id ?? "";
}

async function exportAs(format: ExportFormat): Promise<string> {
  const id = await begunExport(format);
  for await (const { errors } of server.viewer.follow(FOLLOW, { id })) assert.equal(errors, undefined);
  return id;
}

type Comparison = ResultOf<typeof COMPARE>["compareModels"];

/** Asks until the models are measured. */
async function compare(
  refs: readonly string[],
  options: { readonly split?: Split; readonly measuredAfter?: string } = {},
): Promise<Comparison> {
  for (;;) {
    const { compareModels } = await server.viewer.ask(COMPARE, { refs: [...refs], ...options });
    if (compareModels.measuredAt !== null) return compareModels;
  }
}

async function refusal(refs: readonly string[], options: { split?: Split; measuredAfter?: string } = {}) {
  const { data, errors } = await server.viewer.send(COMPARE, { refs: [...refs], ...options });
  assert.equal(data ?? null, null);
  const [error] = errors ?? [];
  assert.ok(error !== undefined);
  return { code: error.extensions.code, message: error.message, path: error.extensions.inputPath };
}

/** Waits until a model is measured. @returns the id of its process */
async function measuringProcess(): Promise<number> {
  for (;;) {
    const [pid] = await descendantsOf(process.pid);
    if (pid !== undefined) return pid;
    await nextTurn();
  }
}

test("a model version and its exports are measured side by side", async () => {
  const startedAt = new Date();
  const { rows, ...comparison } = await compare([version, savedModel, tflite]);
  const { modelVersion: stored } = await server.viewer.ask(STORED, { ref: version });
  assert.ok(stored?.evaluation);
  const { evaluation } = stored;

  assert.equal(comparison.split, "TEST");
  assert.equal(comparison.datasetVersion.ref, stored.datasetVersion.ref);
  assert.ok(comparison.machine.processor.length > 0 && comparison.machine.threads >= 1);
  assert.ok(new Date(String(comparison.measuredAt)) > startedAt);

  assert.deepEqual(
    rows.map(({ ref, modelExport }) => [ref, modelExport?.id ?? null, modelExport?.format ?? null]),
    [
      [version, null, null],
      [savedModel, savedModel, "SAVED_MODEL"],
      [tflite, tflite, "TFLITE"],
    ],
  );
  for (const row of rows) {
    assert.equal(row.modelVersion.ref, version);
    assert.equal(row.parameterCount, stored.parameterCount);
    assert.equal(row.multiplications, countMultiplications(NETWORK));
    assert.equal(row.notMeasuredReason, null);
    const { measurement } = row;
    assert.ok(measurement);
    assert.equal(measurement.imageCount, evaluation.sampleCount);
    assert.ok(measurement.millisecondsPerImageAtBatch1 > 0 && measurement.millisecondsPerImageAtBatch8 > 0);
    // A process with Node alone takes more than 30 MB.
    assert.ok(measurement.peakMemoryBytes > 30e6 && measurement.peakMemoryBytes < 4e9);
    const interval = wilsonInterval(measurement.accuracy, measurement.imageCount);
    assert.deepEqual(measurement.accuracyInterval, interval);
  }

  const exports = new Map(stored.exports.nodes.map((node) => [node.id, node]));
  const [own, ...exported] = rows;
  assert.equal(own?.measurement?.runtime, "Espalier");
  assert.equal(own.measurement.accuracy, evaluation.top1, "as evaluated");
  assert.equal(own.sizeBytes, stored.sizeBytes);
  for (const row of exported) {
    const { proof, file } = exports.get(row.ref) ?? {};
    assert.ok(proof && file && row.measurement);
    const { accuracy, imageCount, runtime, runtimeVersion } = row.measurement;
    assert.equal(accuracy, proof.accuracy, "as proven");
    assert.equal(imageCount, proof.imageCount);
    assert.deepEqual([runtime, runtimeVersion], [proof.runtime, proof.runtimeVersion]);
    assert.equal(row.sizeBytes, file.sizeBytes);
  }
});

test("the same models are not measured again, in any order and by any name", async () => {
  const first = await compare([version, savedModel, tflite]);
  const again = await compare([tflite, "flowers", savedModel, version]);
  assert.equal(again.measuredAt, first.measuredAt);
  assert.deepEqual(
    again.rows.map(({ ref }) => ref),
    [tflite, "flowers", savedModel, version],
  );
  const measurementOf = ({ rows }: Comparison, ref: string) =>
    rows.find((row) => row.ref === ref)?.measurement;
  assert.deepEqual(measurementOf(again, tflite), measurementOf(first, tflite));
  assert.deepEqual(measurementOf(again, "flowers"), measurementOf(first, version));
});

test("other models, another split, and a later moment are measured", async () => {
  const all = await compare([version, savedModel, tflite]);
  const fewer = await compare([version, tflite]);
  assert.notEqual(fewer.measuredAt, all.measuredAt);
  const validation = await compare([version, tflite], { split: "VALIDATION" });
  assert.equal(validation.split, "VALIDATION");
  assert.notEqual(validation.measuredAt, fewer.measuredAt);

  const measuredAfter = new Date().toISOString();
  const later = await compare([version, tflite], { measuredAfter });
  assert.ok(String(later.measuredAt) >= measuredAfter);
  assert.equal((await compare([version, tflite])).measuredAt, later.measuredAt, "the later one is kept");
  assert.equal(
    (await compare([version, tflite], { measuredAfter: String(fewer.measuredAt) })).measuredAt,
    later.measuredAt,
  );
});

test("a request that does not wait learns what is known without measuring", async () => {
  const { modelComparer } = server.services;
  const request = { refs: [savedModel], split: "TEST", measuredAfter: null } as const;
  const { measuredAt, rows } = await modelComparer.compare(request, 0);
  assert.equal(measuredAt, null);
  const [row] = rows;
  assert.ok(row !== undefined && row.multiplications > 0 && row.sizeBytes > 0);
  assert.equal(row.measurement, null);
  // The measuring goes on, and equal requests share it.
  const [one, other] = await Promise.all([compare([savedModel]), compare([savedModel])]);
  assert.equal(one.measuredAt, other.measuredAt);
  assert.deepEqual(await readdir(path.join(homeFolder, "comparisons")), [], "no files are left");
});

test("a Keras export is not measured without a Python, and the row says why", async () => {
  const keras = await exportAs("KERAS");
  const { rows } = await compare([version, keras]);
  assert.ok(rows[0]?.measurement);
  assert.equal(rows[1]?.measurement, null);
  assert.match(String(rows[1]?.notMeasuredReason), /ESPALIER_PYTHON/);
  assert.ok(rows[1]?.sizeBytes);
});

test("a comparison that cannot be made is refused, and says which model is wrong and what exists", async () => {
  const unknown = await refusal([version, "flowers:9"]);
  assert.deepEqual([unknown.code, unknown.path], ["MODEL_VERSION_NOT_FOUND", ["refs", "1"]]);
  assert.match(unknown.message, /no version 9. Its latest version is 1/);
  const alias = await refusal(["flowers@gold"]);
  assert.deepEqual([alias.code, alias.path], ["MODEL_VERSION_NOT_FOUND", ["refs", "0"]]);

  const missing = await refusal([`mex_${"0".repeat(26)}`]);
  assert.deepEqual([missing.code, missing.path], ["EXPORT_NOT_FOUND", ["refs", "0"]]);

  const cancelled = await begunExport("SAVED_MODEL");
  await server.editor.ask(CANCEL, { id: cancelled });
  const unready = await refusal([cancelled]);
  assert.equal(unready.code, "EXPORT_NOT_FOUND");
  assert.match(unready.message, new RegExp(`${cancelled} has no file: its state is CANCELLED`));
  assert.match(unready.message, new RegExp(`${tflite} \\(TFLITE, FLOAT32, READY\\)`));

  for (const refs of [[], Array.from({ length: 11 }, () => version)]) {
    const { code, path: at } = await refusal(refs);
    assert.deepEqual([code, at], ["COMPARISON_INVALID", ["refs"]]);
  }
  const future = await refusal([version], { measuredAfter: "2999-01-01T00:00:00.000Z" });
  assert.deepEqual([future.code, future.path], ["COMPARISON_INVALID", ["measuredAfter"]]);
});

test("a process that dies ends the comparison, which the next request is told, and a later one measures again", async () => {
  const { modelComparer } = server.services;
  const request = { refs: [version, tflite], split: "TRAIN", measuredAfter: null } as const;
  assert.equal((await modelComparer.compare(request, 0)).measuredAt, null);
  process.kill(await measuringProcess(), "SIGKILL");
  while ((await descendantsOf(process.pid)).length > 0) await nextTurn();
  const { code, message } = await refusal([version, tflite], { split: "TRAIN" });
  assert.equal(code, "COMPARISON_FAILED");
  assert.match(message, /^"flowers:1": The system killed the process of the comparison/);
  const { rows } = await compare([version, tflite], { split: "TRAIN" });
  assert.ok(rows.every(({ measurement }) => measurement !== null));
});

test("what was measured outlives the server, and a server that stops measures no more", async () => {
  const measured = await compare([version, tflite]);
  const measuring = await server.services.modelComparer.compare(
    { refs: [version, savedModel, tflite], split: "TRAIN", measuredAfter: null },
    0,
  );
  assert.equal(measuring.measuredAt, null);
  await measuringProcess();
  await server[Symbol.asyncDispose]();
  assert.deepEqual(await descendantsOf(process.pid), [], "no process goes on");

  server = await start();
  const again = await compare([version, tflite]);
  assert.deepEqual(again, measured);
});
