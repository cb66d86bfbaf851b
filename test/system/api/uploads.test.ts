import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { request } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import sharp from "sharp";
import { graphql } from "../../../src/client/generated/gql.js";
import type { CreateUploadInput } from "../../../src/client/generated/graphql.js";
import type { AnswerError } from "../../testkit/api/graphql-client.js";
import { startTestServer } from "../../testkit/api/server.js";
import { drawFlowerArchive } from "../../testkit/files/flower-archive.js";

const CREATE_UPLOAD = graphql(`mutation UploadsCreate($input: CreateUploadInput!) {
  createUpload(input: $input) { uploadId putUrl expiresAt userErrors { code path } }
}`);

const IMPORT = graphql(`mutation UploadsImport($id: ID!) {
  importDataset(input: { dataset: "flowers", source: { uploadId: $id } }) {
    datasetVersion { id status }
    userErrors { code message }
  }
}`);

const FOLLOW_IMPORT = graphql(`subscription UploadsFollowImport($id: ID!) {
  importEvents(datasetVersionId: $id) { __typename cursor sequence at }
}`);

const VERSION = graphql(`query UploadsVersion {
  datasetVersion(ref: "flowers") {
    status
    hash
    samples(first: 1, filter: { split: TRAIN }) { totalCount nodes { contentHash imageUrl(sizePixels: 16) } }
    quarantine { totalCount nodes { sourceName reason detail } }
  }
}`);

test("files are uploaded before the mutations that use them, and images are downloaded", async (t) => {
  await using server = await startTestServer({ ESPALIER_UPLOAD_BYTES: String(4 * 1024 * 1024) });
  const createUpload = async (input: CreateUploadInput = {}) => {
    const { uploadId, putUrl, expiresAt } = (await server.editor.ask(CREATE_UPLOAD, { input })).createUpload;
    assert.ok(uploadId !== null && putUrl !== null && expiresAt !== null);
    return { uploadId, putUrl, expiresAt };
  };
  const put = async (
    putUrl: string,
    body: Uint8Array,
  ): Promise<{ status: number; code: string | undefined; body: object }> => {
    const response = await server.editor.fetch(putUrl, {
      method: "PUT",
      body: new Blob([new Uint8Array(body)]),
    });
    const answer = (await response.json()) as { errors?: AnswerError[] };
    return { status: response.status, code: answer.errors?.[0]?.extensions.code, body: answer };
  };

  await t.test("the response to an upload is its size and digest", async () => {
    const bytes = randomBytes(100_000);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const { putUrl, expiresAt } = await createUpload({ sizeBytes: bytes.length, sha256 });
    assert.match(putUrl, /^\/uploads\/upl_/);
    assert.ok(new Date(expiresAt).getTime() > Date.now());
    const { status, body } = await put(putUrl, bytes);
    assert.equal(status, 200);
    assert.deepEqual(body, { sizeBytes: bytes.length, sha256 });
    assert.deepEqual(await put(putUrl, bytes).then(({ status, code }) => [status, code]), [
      409,
      "UPLOAD_ALREADY_COMPLETE",
    ]);
  });

  await t.test(
    "bytes that differ from the announced ones are refused, and the upload may be repeated",
    async () => {
      const bytes = randomBytes(1_000);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const { putUrl } = await createUpload({ sizeBytes: bytes.length, sha256 });
      const answers = [];
      for (const wrong of [bytes.subarray(1), Buffer.concat([bytes, bytes]), randomBytes(1_000)])
        answers.push(await put(putUrl, wrong));
      assert.deepEqual(
        answers.map(({ status, code }) => [status, code]),
        Array(3).fill([422, "UPLOAD_MISMATCH"]),
      );
      assert.equal((await put(putUrl, bytes)).status, 200);
    },
  );

  await t.test("more bytes than the limit are refused, announced or not", async () => {
    const { createUpload: refused } = await server.editor.ask(CREATE_UPLOAD, {
      input: { sizeBytes: 5 * 1024 * 1024 },
    });
    assert.equal(refused.uploadId, null);
    assert.deepEqual(
      refused.userErrors.map(({ code, path }) => [code, path]),
      [["UPLOAD_TOO_LARGE", ["sizeBytes"]]],
    );

    const { putUrl } = await createUpload();
    const answer = await sendEndlessly(new URL(putUrl, server.url), server.editor.token ?? "");
    assert.deepEqual([answer.status, answer.code], [413, "UPLOAD_TOO_LARGE"]);
  });

  await t.test("an unknown upload is not found, whatever its name", async () => {
    for (const path of ["/uploads/upl_1", "/uploads/..%2f..%2fetc%2fpasswd", "/uploads/%00"]) {
      assert.deepEqual(
        await put(path, randomBytes(1)).then(({ status, code }) => [status, code]),
        [404, "UPLOAD_NOT_FOUND"],
        path,
      );
    }
  });

  await t.test("an upload whose connection broke can be sent again", async () => {
    const { putUrl } = await createUpload();
    await hangUpHalfway(new URL(putUrl, server.url), server.editor.token ?? "");
    const retried = async (): Promise<number> => (await put(putUrl, randomBytes(10))).status;
    // The server may not have noticed yet; then it says that the upload is in progress.
    let status = await retried();
    for (let attempt = 0; attempt < 100 && status === 409; attempt++) status = await retried();
    assert.equal(status, 200);
  });

  await t.test(
    "an archive is imported as a version whose images can be downloaded with a token",
    async () => {
      const { uploadId, putUrl } = await createUpload();
      await put(putUrl, await drawFlowerArchive(4));
      const { importDataset } = await server.editor.ask(IMPORT, { id: uploadId });
      assert.deepEqual(importDataset.userErrors, []);
      const kinds: string[] = [];
      const { id = "" } = importDataset.datasetVersion ?? {};
      for await (const { data } of server.viewer.follow(FOLLOW_IMPORT, { id })) {
        kinds.push(data?.importEvents.__typename ?? "error");
      }
      assert.equal(kinds.at(-1), "ImportFinished");

      const { datasetVersion } = await server.viewer.ask(VERSION);
      assert.ok(datasetVersion);
      assert.equal(datasetVersion.status, "READY");
      assert.ok(datasetVersion.quarantine.totalCount > 0 && datasetVersion.samples.totalCount > 1);

      const imageUrl = datasetVersion.samples.nodes[0]?.imageUrl ?? "";
      const response = await server.viewer.fetch(imageUrl);
      assert.equal(response.status, 200);
      assert.match(response.headers.get("content-type") ?? "", /^image\/(png|jpeg)$/);
      assert.match(response.headers.get("cache-control") ?? "", /^private/);
      const { width, height } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
      assert.ok(Math.max(width, height) <= 16);
      assert.equal((await server.anonymous.fetch(imageUrl)).status, 401);
      const [path] = imageUrl.split("?");
      for (const size of ["0", "2049", "1.5", "abc", ""]) {
        assert.equal((await server.viewer.fetch(`${path}?size=${size}`)).status, 400, size);
      }
      assert.equal((await server.viewer.fetch("/samples/smp_1/image")).status, 404);
    },
  );
});

/** Sends until the server answers, which it must do before it has read everything. */
function sendEndlessly(
  url: URL,
  token: string,
): Promise<{ status: number | undefined; code: string | undefined }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number | undefined;
    code: string | undefined;
  }>();
  const sent = request(url, { method: "PUT", headers: { authorization: `Bearer ${token}` } }, (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (part: string) => {
      text += part;
    });
    response.on("end", () => {
      sent.destroy();
      const { errors } = JSON.parse(text) as { errors: AnswerError[] };
      resolve({ status: response.statusCode, code: errors[0]?.extensions.code });
    });
  });
  sent.on("error", reject);
  const chunk = randomBytes(256 * 1024);
  const send = (): void => {
    if (!sent.destroyed) sent.write(chunk, (error) => (error ? undefined : setImmediate(send)));
  };
  send();
  return promise;
}

/** Announces ten bytes, sends three and ends the connection. */
function hangUpHalfway(url: URL, token: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect(Number(url.port), url.hostname, () => {
    socket.write(
      `PUT ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: Bearer ${token}\r\nContent-Length: 10\r\n\r\nabc`,
      () => setImmediate(() => socket.destroy()),
    );
  });
  socket.on("error", reject);
  socket.on("close", () => resolve());
  return promise;
}
