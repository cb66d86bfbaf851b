import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import type { NetworkSpec } from "../../../../src/graph/architectures/network-spec.js";
import { type PretrainedFile, publishedFile } from "../../../../src/graph/architectures/pretrained-files.js";
import { ARCHITECTURES } from "../../../../src/graph/architectures/registry.js";
import { PretrainedStore } from "../../../../src/registry/weights/pretrained/pretrained-store.js";
import { testLog } from "../../../testkit/postgres/database.js";
import { PretrainedServer, refuse, sendAndStall, sendHalf } from "../../../testkit/pretrained-server.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";

const BYTES = randomBytes(300_000);
const PATIENCE = { idleMs: 200, attempts: 3, firstWaitMs: 1, lastWaitMs: 2 };
const NETWORK: NetworkSpec = {
  architecture: "VGG16",
  batchNormalization: false,
  widthMultiplier: 1,
  imageSizePixels: 224,
  head: { kind: "FULLY_CONNECTED", units: 4096, dropout: 0.5 },
  preprocessing: "IMAGENET_TORCH",
  precision: "FLOAT32",
  classCount: 5,
  seed: 0,
};

function storeIn(cacheFolder: string, folder: string | null = null): PretrainedStore {
  return new PretrainedStore({ cacheFolder, folder, log: testLog, patience: PATIENCE });
}

function never(): { onProgress: (bytes: number, total: number) => void; signal: AbortSignal } {
  return { onProgress: () => {}, signal: new AbortController().signal };
}

/** Downloads into an empty cache. @returns the requests */
async function downloaded(server: PretrainedServer, file: PretrainedFile = server.fileOf()) {
  await using cache = await temporaryFolder();
  const target = await storeIn(cache.folder).locate(file, never());
  assert.deepEqual(await readFile(target), server.bytes);
  assert.deepEqual(await readdir(path.join(cache.folder, "pretrained", "partial")), []);
  return server.requests;
}

test("every network has its published file, with the digest in its name or Keras's", () => {
  const names = new Map<string, string>();
  for (const architecture of Object.keys(ARCHITECTURES) as NetworkSpec["architecture"][]) {
    for (const batchNormalization of [false, true]) {
      const network = { ...NETWORK, architecture, batchNormalization };
      const file = publishedFile("IMAGENET", network);
      if (!batchNormalization && architecture.startsWith("RESNET")) {
        assert.equal(file, null);
        continue;
      }
      assert.match(
        file?.name ?? "",
        new RegExp(`^${architecture.toLowerCase()}(_bn)?-${file?.digest.begins}\\.pth$`),
      );
      assert.equal(file?.url, `https://download.pytorch.org/models/${file?.name}`);
      names.set(file.name, architecture);
    }
  }
  assert.equal(names.size, 4 * 2 + 3);
  const pooled = { ...NETWORK, head: { ...NETWORK.head, kind: "GLOBAL_AVERAGE_POOLING" as const } };
  assert.deepEqual(publishedFile("IMAGENET_KERAS", pooled), {
    name: "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
    url: "https://storage.googleapis.com/tensorflow/keras-applications/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
    digest: { algorithm: "md5", begins: "6d6bbae143d832006294945121d1f1fc" },
    preprocessing: "IMAGENET_CAFFE",
  });
  const whole = publishedFile("IMAGENET_KERAS", { ...NETWORK, architecture: "VGG19" });
  assert.equal(whole?.name, "vgg19_weights_tf_dim_ordering_tf_kernels.h5");
  for (const change of [{ architecture: "VGG11" as const }, { batchNormalization: true }]) {
    assert.equal(publishedFile("IMAGENET_KERAS", { ...NETWORK, ...change }), null);
  }
});

describe("a published file is downloaded once", () => {
  test("also for callers at the same time, and for a later start", async () => {
    await using server = await PretrainedServer.start(BYTES);
    await using cache = await temporaryFolder();
    const store = storeIn(cache.folder);
    const progress: number[] = [];
    const watch = { ...never(), onProgress: (bytes: number) => void progress.push(bytes) };
    const paths = await Promise.all([
      store.locate(server.fileOf(), watch),
      store.locate(server.fileOf(), never()),
      store.locate(server.fileOf(), never()),
    ]);
    assert.equal(new Set(paths).size, 1);
    assert.equal(progress.at(-1), BYTES.length);
    await store.locate(server.fileOf(), never());
    await storeIn(cache.folder).locate(server.fileOf(), never());
    assert.equal(server.requests.length, 1);
  });

  test("and again when the cached file was damaged", async () => {
    await using server = await PretrainedServer.start(BYTES);
    await using cache = await temporaryFolder();
    const target = await storeIn(cache.folder).locate(server.fileOf(), never());
    await writeFile(target, BYTES.subarray(1));
    await storeIn(cache.folder).locate(server.fileOf(), never());
    assert.deepEqual(await readFile(target), BYTES);
    assert.equal(server.requests.length, 2);
  });

  test("a connection that breaks or stalls is continued where it ended", async () => {
    await using server = await PretrainedServer.start(BYTES);
    server.answers.push(sendHalf, sendAndStall);
    const requests = await downloaded(server);
    assert.equal(requests.length, 3);
    assert.match(requests[1] ?? "", /^bytes=[1-9]\d*-$/);
    assert.equal(requests[2], "bytes=10-");
  });

  test("an answer of an overloaded server is not the end", async () => {
    await using server = await PretrainedServer.start(BYTES);
    server.answers.push(refuse(503), refuse(429));
    assert.equal((await downloaded(server)).length, 3);
  });
});

describe("a file that cannot be had is an error that says what to do, and leaves nothing in the cache", () => {
  async function refusal(server: PretrainedServer, file: PretrainedFile, expected: object): Promise<void> {
    await using cache = await temporaryFolder();
    await assert.rejects(storeIn(cache.folder).locate(file, never()), expected);
    const folder = path.join(cache.folder, "pretrained");
    const found = await readdir(folder, { recursive: true });
    assert.deepEqual(found, ["partial"], server.name);
  }

  test("after the last attempt", async () => {
    await using server = await PretrainedServer.start(BYTES);
    server.answers.push(refuse(500), refuse(500), refuse(500));
    await refusal(server, server.fileOf(), {
      code: "PRETRAINED_UNAVAILABLE",
      message: /status 500\. .*ESPALIER_PRETRAINED_DIR/,
    });
  });

  test("at once when the server does not have it", async () => {
    await using server = await PretrainedServer.start(BYTES);
    server.answers.push(refuse(404));
    await refusal(server, server.fileOf(), { code: "PRETRAINED_UNAVAILABLE", message: /status 404/ });
    assert.equal(server.requests.length, 1);
  });

  test("when nobody listens there", async () => {
    await using server = await PretrainedServer.start(BYTES);
    const file = server.fileOf();
    await server[Symbol.asyncDispose]();
    await refusal(server, file, { code: "PRETRAINED_UNAVAILABLE", message: /fetch failed \(.*ECONNREFUSED/ });
  });

  test("when it is another file", async () => {
    await using server = await PretrainedServer.start(BYTES);
    await refusal(server, server.fileOf("00000000"), {
      code: "PRETRAINED_DAMAGED",
      message: /must have the sha256 00000000\. Received [0-9a-f]{64}\./,
    });
  });

  test("when it claims to be larger than any published file", async () => {
    await using server = await PretrainedServer.start(BYTES);
    server.answers.push((_, response) => {
      response.writeHead(200, { "content-length": 2 * 1024 ** 3 });
      response.write("x");
    });
    await refusal(server, server.fileOf(), { code: "PRETRAINED_UNAVAILABLE", message: /larger than/ });
  });
});

test("a caller that gives up leaves the download to the others; the last one ends it", async () => {
  await using server = await PretrainedServer.start(BYTES);
  await using cache = await temporaryFolder();
  const store = storeIn(cache.folder);
  let begin: () => void = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  let send: () => void = () => {};
  server.answers.push((_, response, bytes) => {
    begin();
    send = () => response.writeHead(200, { "content-length": bytes.length }).end(bytes);
  });
  const [one, other] = [new AbortController(), new AbortController()];
  const waiting = store.locate(server.fileOf(), { ...never(), signal: one.signal });
  const staying = store.locate(server.fileOf(), { ...never(), signal: other.signal });
  await begun;
  one.abort(new Error("paused"));
  await assert.rejects(waiting, /paused/);
  send();
  assert.deepEqual(await readFile(await staying), BYTES);

  await using empty = await temporaryFolder();
  server.answers.push(sendAndStall);
  const alone = storeIn(empty.folder).locate(server.fileOf(), {
    onProgress: () => other.abort(new Error("cancelled")),
    signal: other.signal,
  });
  await assert.rejects(alone, /cancelled/);
});

describe("with ESPALIER_PRETRAINED_DIR nothing is downloaded", () => {
  test("the file is read from there when its digest is right", async () => {
    await using server = await PretrainedServer.start(BYTES);
    await using cache = await temporaryFolder();
    const folder = path.join(cache.folder, "mine");
    await mkdir(folder);
    const store = storeIn(cache.folder, folder);
    await assert.rejects(store.locate(server.fileOf(), never()), {
      code: "PRETRAINED_UNAVAILABLE",
      message: /must hold vgg11-standin\.pth/,
    });
    const target = path.join(folder, server.name);
    await writeFile(target, BYTES);
    assert.equal(await store.locate(server.fileOf(), never()), target);
    await writeFile(target, BYTES.subarray(1));
    await assert.rejects(store.locate(server.fileOf(), never()), { code: "PRETRAINED_DAMAGED" });
    assert.deepEqual(server.requests, []);
  });
});
