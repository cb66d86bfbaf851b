import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { graphql } from "../../../../src/client/generated/gql.js";
import {
  awaitExport,
  exportEvents,
  findExport,
  refusedExport,
  startExport,
} from "../../../testkit/api/export-job.js";
import { trainFlowers } from "../../../testkit/api/flower-job.js";
import { startTestServer, type TestServer } from "../../../testkit/api/server.js";
import { mountSmallDisk, whyNoDisks } from "../../../testkit/small-disk.js";

const EXPORTS = graphql(`query ExportingList($ref: String!, $first: Int, $after: String) {
  modelVersion(ref: $ref) {
    exports(first: $first, after: $after) {
      totalCount
      nodes { id modelVersion { ref } }
      pageInfo { hasNextPage endCursor }
    }
  }
}`);

const CANCEL = graphql(`mutation ExportingCancel($id: ID!) {
  cancelExport(input: { exportId: $id }) { modelExport { id state } userErrors { code message path } }
}`);

const skip = await whyNoDisks();

let server: TestServer;
let modelVersion: string;

before(async () => {
  server = await startTestServer({ ESPALIER_PYTHON: "" });
  modelVersion = await trainFlowers(server);
});
after(() => server[Symbol.asyncDispose]());

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const folders = (): Promise<string[]> => readdir(path.join(server.homeFolder, "exports"));

async function download(url: string, init: RequestInit = {}) {
  const response = await server.viewer.fetch(url, init);
  return { response, bytes: new Uint8Array(await response.arrayBuffer()) };
}

async function eventsOf(id: string, after: string | null = null) {
  const events = [];
  for await (const event of exportEvents(server, id, after)) events.push(event);
  return events;
}

async function cancel(id: string) {
  const { cancelExport } = await server.editor.ask(CANCEL, { id });
  return cancelExport;
}

test("an export is announced, followed to its end, proven and downloaded", async () => {
  const id = await startExport(server, { modelVersion, format: "SAVED_MODEL" });
  const events = await eventsOf(id);
  const last = events.at(-1);
  assert.equal(last?.__typename, "ExportFinished");
  assert.deepEqual([last.sequence, last.modelExport.state], [1, "READY"]);
  const stages = events.flatMap((event) => (event.__typename === "ExportProgress" ? [event.stage] : []));
  // Only the newest progress is kept, so a short stage may pass unseen.
  assert.equal(stages[0], "WRITING");
  assert.deepEqual(stages, stages.toSorted().reverse(), "PROVING comes after WRITING");
  assert.deepEqual(await eventsOf(id, last.cursor), [], "nothing follows");

  const found = await findExport(server, id);
  const { file, proof, bounds } = found;
  assert.deepEqual(bounds, {
    maximumProbabilityDifference: 1e-4,
    minimumTop1Agreement: 1,
    maximumAccuracyLoss: null,
  });
  assert.equal(found.failure, null);
  assert.deepEqual([found.calibrationImages, found.proofImages, found.attempts], [null, 2000, 1]);
  assert.ok(found.startedAt && found.finishedAt && found.writingSeconds);
  assert.ok(found.createdAt <= found.startedAt && found.startedAt <= found.finishedAt);
  assert.ok(proof);
  assert.deepEqual(
    [proof.status, proof.reason, proof.runtime, proof.split, proof.top1Agreement],
    ["PROVEN", null, "TensorFlow", "TEST", 1],
  );
  assert.ok((proof.maximumProbabilityDifference ?? 1) <= 1e-4);
  assert.equal(proof.accuracy, proof.originalAccuracy);
  assert.ok((proof.millisecondsPerImage ?? 0) > 0 && (proof.originalMillisecondsPerImage ?? 0) > 0);
  assert.ok(
    found.usage.some(({ language, code }) => language === "PYTHON" && code.includes(file?.name ?? "?")),
  );

  assert.ok(file);
  assert.equal(file.name, "flowers-1-float32.zip");
  assert.equal(proof.fileSizeBytes, file.sizeBytes);
  const { response, bytes } = await download(file.url);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-disposition"), `attachment; filename=${file.name}`);
  assert.equal(
    response.headers.get("repr-digest"),
    `sha-256=:${Buffer.from(file.sha256, "hex").toString("base64")}:`,
  );
  assert.deepEqual([bytes.length, sha256(bytes)], [file.sizeBytes, file.sha256]);
  assert.deepEqual(await folders(), [id], "nothing else is left");
});

test("a download takes a range, a HEAD and the tag of a copy, and needs a token", async () => {
  const { file } = await awaitExport(
    server,
    await startExport(server, { modelVersion, format: "SAVED_MODEL" }),
  );
  assert.ok(file);
  const whole = (await download(file.url)).bytes;
  const part = await download(file.url, { headers: { range: "bytes=10-19" } });
  assert.equal(part.response.status, 206);
  assert.equal(part.response.headers.get("content-range"), `bytes 10-19/${file.sizeBytes}`);
  assert.deepEqual(part.bytes, whole.subarray(10, 20));
  const beyond = await download(file.url, { headers: { range: `bytes=${file.sizeBytes}-` } });
  assert.equal(beyond.response.status, 416);
  assert.equal(beyond.response.headers.get("content-range"), `bytes */${file.sizeBytes}`);

  const head = await download(file.url, { method: "HEAD" });
  assert.equal(head.response.headers.get("content-length"), String(file.sizeBytes));
  assert.equal(head.bytes.length, 0);
  const etag = head.response.headers.get("etag") ?? "";
  assert.equal(etag, `"${file.sha256}"`);
  assert.equal((await download(file.url, { headers: { "if-none-match": etag } })).response.status, 304);
  const changed = { range: "bytes=10-19", "if-range": '"another"' };
  assert.equal((await download(file.url, { headers: changed })).response.status, 200);

  assert.equal((await server.anonymous.fetch(file.url)).status, 401);
  assert.equal((await server.viewer.fetch(`${file.url}x`)).status, 404);
});

test("a changed file is not sent", async () => {
  const id = await startExport(server, { modelVersion, format: "SAVED_MODEL" });
  const { file } = await awaitExport(server, id);
  assert.ok(file);
  await download(file.url);
  const stored = path.join(server.homeFolder, "exports", id, file.name);
  const bytes = await readFile(stored);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  await writeFile(stored, bytes);
  const { response, bytes: answer } = await download(file.url);
  assert.equal(response.status, 400);
  assert.match(Buffer.from(answer).toString(), /EXPORT_DAMAGED.*|must have the SHA-256/);
});

test("two exports of one version have the same bytes, and the list has the newest first", async () => {
  const first = await startExport(server, { modelVersion, format: "SAVED_MODEL" });
  const second = await startExport(server, { modelVersion: "flowers", format: "SAVED_MODEL" });
  const files = [await awaitExport(server, first), await awaitExport(server, second)];
  assert.equal(files[0]?.file?.sha256, files[1]?.file?.sha256);
  const { modelVersion: listed } = await server.viewer.ask(EXPORTS, {
    ref: modelVersion,
    first: 2,
    after: null,
  });
  assert.ok(listed);
  assert.deepEqual(
    listed.exports.nodes.map(({ id }) => id),
    [second, first],
  );
  assert.equal(listed.exports.nodes[0]?.modelVersion.ref, modelVersion);
  const after = listed.exports.pageInfo.endCursor;
  const { modelVersion: rest } = await server.viewer.ask(EXPORTS, { ref: modelVersion, first: 100, after });
  assert.equal((rest?.exports.nodes.length ?? 0) + 2, listed.exports.totalCount);
});

test("requests with one idempotency key are one export, and another input is refused", async () => {
  const input = { modelVersion, format: "SAVED_MODEL", idempotencyKey: "the same" } as const;
  const ids = await Promise.all([1, 2, 3].map(() => startExport(server, input)));
  assert.equal(new Set(ids).size, 1);
  await awaitExport(server, ids[0] ?? "");
  assert.equal(await startExport(server, input), ids[0], "also when it has ended");
  const [error] = await refusedExport(server, { ...input, proofImages: 3 });
  assert.deepEqual([error?.code, error?.path], ["IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"]]);
});

test("a file outside its bounds is rejected with reasons and kept for inspection", async () => {
  const bounds = { maximumProbabilityDifference: 0 };
  const id = await startExport(server, { modelVersion, format: "SAVED_MODEL", proofImages: 3, bounds });
  const { state, rejectionReasons, file, proof } = await awaitExport(server, id);
  assert.equal(state, "REJECTED");
  assert.equal(rejectionReasons.length, 1);
  assert.match(rejectionReasons[0] ?? "", /greatest difference of a probability .* at most 0 is allowed/);
  assert.equal(proof?.imageCount, 3);
  assert.ok(file);
  assert.equal(sha256((await download(file.url)).bytes), file.sha256);
});

test("an export that cannot be is refused with the reason", async () => {
  const refused = async (input: Parameters<typeof refusedExport>[1]) => {
    const [error] = await refusedExport(server, input);
    return error;
  };
  const unsupported = await refused({ modelVersion, format: "SAVED_MODEL", precision: "INT8" });
  assert.deepEqual([unsupported?.code, unsupported?.path], ["EXPORT_UNSUPPORTED", ["precision"]]);
  assert.match(unsupported?.message ?? "", /Supported: .*SAVED_MODEL in FLOAT32/);
  const unknown = await refused({ modelVersion: "flowers:9", format: "SAVED_MODEL" });
  assert.deepEqual([unknown?.code, unknown?.path], ["MODEL_VERSION_NOT_FOUND", ["modelVersion"]]);
  for (const [input, wrongPath] of [
    [{ proofImages: 0 }, ["proofImages"]],
    [{ proofImages: 2001 }, ["proofImages"]],
    [{ calibrationImages: 12 }, ["calibrationImages"]],
    [{ bounds: { minimumTop1Agreement: 98 } }, ["bounds", "minimumTop1Agreement"]],
    [{ bounds: { maximumAccuracyLoss: -0.1 } }, ["bounds", "maximumAccuracyLoss"]],
  ] as const) {
    const error = await refused({ modelVersion, format: "SAVED_MODEL", ...input });
    assert.deepEqual([error?.code, error?.path], ["EXPORT_SETTING_INVALID", wrongPath]);
  }
});

test("an export is cancelled at once, while it waits and while it runs, and leaves no file", async () => {
  const running = await startExport(server, { modelVersion, format: "SAVED_MODEL" });
  const queued = await startExport(server, { modelVersion, format: "SAVED_MODEL" });
  const events = exportEvents(server, running);
  const { value: begun } = await events.next();
  assert.equal(begun?.modelExport.state, "RUNNING");
  assert.equal((await findExport(server, queued)).state, "QUEUED");

  assert.equal((await cancel(queued)).modelExport?.state, "CANCELLED");
  assert.equal((await cancel(running)).modelExport?.state, "CANCELLED");
  const { value: end } = await events.next();
  assert.equal(end?.__typename, "ExportFinished");
  for (const id of [running, queued]) {
    const { state, file, finishedAt, progress } = await findExport(server, id);
    assert.deepEqual([state, file, progress], ["CANCELLED", null, null]);
    assert.ok(finishedAt);
    const { userErrors } = await cancel(id);
    assert.deepEqual([userErrors[0]?.code, userErrors[0]?.path], ["EXPORT_ALREADY_ENDED", ["exportId"]]);
  }
  const next = await awaitExport(server, await startExport(server, { modelVersion, format: "SAVED_MODEL" }));
  assert.equal(next.state, "READY", "the process has made room for the next export");
  const left = (await folders()).filter((name) => name.startsWith(running) || name.startsWith(queued));
  assert.deepEqual(left, []);
  assert.equal((await cancel("mex_unknown")).userErrors[0]?.code, "EXPORT_NOT_FOUND");
});

test("an export for Keras without a Python is READY, and says why it is not proven", async () => {
  const { state, file, proof } = await awaitExport(
    server,
    await startExport(server, { modelVersion, format: "KERAS" }),
  );
  assert.deepEqual([state, file?.name], ["READY", "flowers-1-float32.keras"]);
  assert.deepEqual([proof?.status, proof?.runtime, proof?.accuracy], ["NOT_PROVEN", null, null]);
  assert.match(proof?.reason ?? "", /ESPALIER_PYTHON/);
});

test("an export to a full disk fails with the reason, and leaves nothing", { skip }, async () => {
  const before = await folders();
  const disk = await mountSmallDisk(path.join(server.homeFolder, "exports"), 64 * 1024);
  try {
    const id = await startExport(server, { modelVersion, format: "SAVED_MODEL" });
    const { state, failure, file } = await awaitExport(server, id);
    assert.deepEqual([state, failure?.code, file], ["FAILED", "DISK_FULL", null]);
    // The next export begins when the files of this one are removed.
    const next = await startExport(server, { modelVersion, format: "KERAS" });
    assert.equal((await awaitExport(server, next)).failure?.code, "DISK_FULL");
    assert.deepEqual(
      (await folders()).filter((name) => name.startsWith(id)),
      [],
    );
  } finally {
    await disk[Symbol.asyncDispose]();
  }
  assert.deepEqual(await folders(), before);
});

test("an export of a model whose files have changed fails with the reason", async () => {
  const damaged = await trainFlowers(server, "damaged");
  const { modelVersion: version } = await server.viewer.ask(
    graphql(`query ExportingVersion($ref: String!) { modelVersion(ref: $ref) { id } }`),
    { ref: damaged },
  );
  const manifest = path.join(server.homeFolder, "models", version?.id ?? "", "espalier.json");
  await writeFile(manifest, `${await readFile(manifest, "utf8")} `);
  const id = await startExport(server, { modelVersion: damaged, format: "SAVED_MODEL" });
  const { state, failure, file } = await awaitExport(server, id);
  assert.deepEqual([state, failure?.code, file], ["FAILED", "MODEL_DAMAGED", null]);
});
