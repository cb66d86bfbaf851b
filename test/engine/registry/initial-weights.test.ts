import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { appendFile, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { newId } from "../../../src/core/ids.js";
import type { Initialization } from "../../../src/core/runs/configuration.js";
import { sha256Of } from "../../../src/data/blobs/durable-file.js";
import { FolderBlobStore } from "../../../src/data/blobs/folder-blob-store.js";
import { UploadStore } from "../../../src/data/imports/upload-store.js";
import { Uploads } from "../../../src/data/imports/uploads.js";
import { restoreCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import { networkVariables } from "../../../src/graph/architectures/layer-table.js";
import { type NetworkSpec, networkOfRun } from "../../../src/graph/architectures/network-spec.js";
import type { PretrainedTable } from "../../../src/graph/architectures/pretrained-files.js";
import { InitialWeights } from "../../../src/registry/initial-weights.js";
import type { ModelVersionRecord } from "../../../src/registry/model-records.js";
import { buildAssignmentGraph } from "../../../src/registry/weights/assignment-graph.js";
import { ImportedWeights } from "../../../src/registry/weights/imported-weights.js";
import { PretrainedStore } from "../../../src/registry/weights/pretrained/pretrained-store.js";
import type { WantedWeights } from "../../../src/registry/weights/wanted-weights.js";
import {
  NOTOP_FILE,
  networkOfFile,
  networkOfKeptFile,
  unpackWeightFiles,
} from "../../golden/weight-files.js";
import { stateDictOf, torchFile } from "../../testkit/files/torch-files.js";
import { testLog } from "../../testkit/postgres/database.js";
import { PretrainedServer } from "../../testkit/pretrained-server.js";
import {
  createRegistryWorld,
  noiseImages,
  type RegistryWorld,
  trainTinyRun,
} from "../../testkit/registry-world.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";
import { TINY_CONFIGURATION } from "../../testkit/trained-run.js";

const TINY = networkOfRun(TINY_CONFIGURATION, 3, "FLOAT32");
const OF_FILE = networkOfFile({
  architecture: "VGG11",
  batchNormalization: false,
  head: "FULLY_CONNECTED",
});

const UNWATCHED = { onProgress: () => {}, signal: new AbortController().signal };

let world: RegistryWorld;
let files: Awaited<ReturnType<typeof temporaryFolder>>;
let blobs: FolderBlobStore;
let uploads: Uploads;
let version: ModelVersionRecord;

before(async () => {
  world = await createRegistryWorld();
  files = await temporaryFolder();
  await unpackWeightFiles(files.folder);
  blobs = new FolderBlobStore(path.join(world.homeFolder, "blobs"));
  uploads = new Uploads({
    store: new UploadStore(world.database),
    folder: path.join(world.homeFolder, "uploads"),
    limits: { uploadBytes: 1_000_000 },
  });
  const images = noiseImages(1, TINY_CONFIGURATION.imageSizePixels, 1);
  const { runId } = await trainTinyRun(world, images);
  version = await world.registry.register({ model: "tiny", runId, description: null, idempotencyKey: null });
});

after(async () => {
  await files[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

/** Like after a start of the server, which knows only what is on disk. */
function initialWeights(table?: PretrainedTable): InitialWeights {
  const { models, registry, homeFolder } = world;
  const imported = new ImportedWeights({ blobs, homeFolder, log: testLog });
  const cacheFolder = path.join(homeFolder, "cache");
  const pretrained = new PretrainedStore({
    cacheFolder,
    folder: null,
    log: testLog,
    ...(table && { table }),
  });
  return new InitialWeights({ models, registry, uploads, imported, pretrained });
}

async function upload(name: string): Promise<string> {
  const { uploadId } = await uploads.create({ sizeBytes: null, sha256: null, tokenId: "tok_test" });
  await uploads.receive(uploadId, createReadStream(path.join(files.folder, name)));
  return uploadId;
}

function wantedFor(network: NetworkSpec, classNames: readonly string[] | null = null): WantedWeights {
  return { network, classNames, epsilon: null };
}

async function resolve(
  input: Parameters<InitialWeights["resolve"]>[0],
  network: NetworkSpec,
): Promise<Initialization> {
  return (await initialWeights().resolve(input, wantedFor(network))).initialization;
}

function namesOf(network: NetworkSpec): string[] {
  return networkVariables(network).map(({ name }) => name);
}

function withoutLayer(network: NetworkSpec, layer: RegExp): string[] {
  return namesOf(network).filter((name) => !layer.test(name));
}

async function provide(initialization: Initialization, network: NetworkSpec) {
  const initial = await initialWeights().provide(initialization, wantedFor(network), world.host, UNWATCHED);
  assert.ok(initial !== null);
  return initial;
}

/** Reads the variables of a checkpoint by their names. */
async function restore(folder: string, names: readonly string[], network: NetworkSpec): Promise<void> {
  const variables = networkVariables(network).filter(({ name }) => names.includes(name));
  await using session = await world.host.openGraph(buildAssignmentGraph(variables).graph);
  await restoreCheckpoint(session, folder);
}

test("without an initialization a run starts at random", async () => {
  const resolved = await resolve(null, TINY);
  assert.deepEqual(resolved, { kind: "random" });
  assert.equal(await initialWeights().provide(resolved, wantedFor(TINY), world.host, UNWATCHED), null);
});

test("an alias is resolved once: the run keeps its version when the alias moves", async () => {
  await world.registry.setAlias({ model: "tiny", alias: "champion", version: version.number });
  const resolved = await resolve({ modelVersion: "tiny@champion" }, TINY);
  assert.deepEqual(resolved, { kind: "modelVersion", modelVersionId: version.id });
  await world.registry.setAlias({ model: "tiny", alias: "champion", version: null });
  const { folder, variables } = await provide(resolved, TINY);
  assert.deepEqual(variables, namesOf(TINY));
  await restore(folder, variables, TINY);
});

test("the last layer of a model with other classes starts at random", async () => {
  const network = { ...TINY, classCount: 7 };
  const resolved = await resolve({ modelVersion: "tiny:1", uploadId: null }, network);
  const { folder, variables } = await provide(resolved, network);
  assert.deepEqual(variables, withoutLayer(TINY, /^predictions/));
  await restore(folder, variables, network);
});

test("a model that does not fit is refused at launch, with the first mismatches and their number", async () => {
  const network = { ...TINY, widthMultiplier: 0.125 };
  await assert.rejects(resolve({ modelVersion: "tiny:1" }, network), {
    code: "WEIGHTS_MISMATCH",
    path: ["configuration", "initialization", "modelVersion"],
    message:
      /look like VGG11 with batch normalization, width 0\.0625\.[\s\S]*block1_conv1\/kernel: expected \[3, 3, 3, 8\], found \[3, 3, 3, 4\] \(tiny:1\)[\s\S]*- and 34 more\.$/,
  });
});

test("an unknown model or upload is refused, and the error names the field", async () => {
  const initialization = ["configuration", "initialization"];
  const resolveTiny = (input: Parameters<InitialWeights["resolve"]>[0]) => resolve(input, TINY);
  await assert.rejects(resolveTiny({ modelVersion: "tiny:99" }), {
    code: "MODEL_VERSION_NOT_FOUND",
    path: [...initialization, "modelVersion"],
  });
  await assert.rejects(resolveTiny({ uploadId: newId("upload") }), {
    code: "UPLOAD_NOT_FOUND",
    path: [...initialization, "uploadId"],
  });
  for (const input of [{}, { modelVersion: "tiny:1", uploadId: newId("upload") }]) {
    await assert.rejects(resolveTiny(input), { code: "INITIALIZATION_INVALID", path: initialization });
  }
});

test("a run does not start from a model whose files have changed", async () => {
  const images = noiseImages(1, TINY_CONFIGURATION.imageSizePixels, 1);
  const { runId } = await trainTinyRun(world, images);
  const request = { model: "damaged", runId, description: null, idempotencyKey: null };
  const { id } = await world.registry.register(request);
  await appendFile(path.join(world.registry.folderOf(id), "variables", "variables.index"), "x");
  await assert.rejects(provide({ kind: "modelVersion", modelVersionId: id }, TINY), {
    code: "MODEL_DAMAGED",
  });
});

test("an uploaded weights file stays after the upload expires", async () => {
  const uploadId = await upload("vgg11.pth");
  const resolved = await resolve({ uploadId }, OF_FILE);
  await rm(path.join(world.homeFolder, "uploads", uploadId));
  const { folder, variables } = await provide(resolved, OF_FILE);
  assert.deepEqual(variables, namesOf(OF_FILE));
  await restore(folder, variables, OF_FILE);
});

test("a file without a head provides the convolutions, and the head starts at random", async () => {
  const resolved = await resolve({ uploadId: await upload(NOTOP_FILE) }, OF_FILE);
  const { folder, variables } = await provide(resolved, OF_FILE);
  assert.deepEqual(variables, withoutLayer(OF_FILE, /^(fc|predictions)/));
  await restore(folder, variables, OF_FILE);
});

test("a file is converted once for a network, and again when the conversion was damaged", async () => {
  const network = { ...OF_FILE, classCount: 2 };
  const resolved = await resolve({ uploadId: await upload("vgg11.legacy.pth") }, network);
  const initial = initialWeights();
  const [one, other] = await Promise.all([
    initial.provide(resolved, wantedFor(network), world.host, UNWATCHED),
    initial.provide(resolved, wantedFor(network), world.host, UNWATCHED),
  ]);
  assert.deepEqual(one, other);
  const index = path.join(one?.folder ?? "", "variables.index");
  const written = await stat(index);
  assert.deepEqual(await provide(resolved, network), one);
  assert.equal((await stat(index)).mtimeMs, written.mtimeMs);

  await appendFile(index, "x");
  const { folder, variables } = await provide(resolved, network);
  await restore(folder, variables, network);
});

test("a file that does not fit or has no weights is refused at launch and not stored", async () => {
  const normalized = { ...OF_FILE, batchNormalization: true };
  await assert.rejects(resolve({ uploadId: await upload("vgg11.legacy.h5") }, normalized), {
    code: "WEIGHTS_MISMATCH",
    path: ["configuration", "initialization", "uploadId"],
    message: /block1_bn1\/gamma: expected \[1\], found nothing[\s\S]*- and \d+ more\.$/,
  });
  await assert.rejects(resolve({ uploadId: await upload("keras.json") }, OF_FILE), {
    code: "WEIGHTS_INVALID",
    path: ["configuration", "initialization", "uploadId"],
  });
  for (const name of ["vgg11.legacy.h5", "keras.json"]) {
    assert.equal(await blobs.has(sha256Of(await readFile(path.join(files.folder, name)))), false);
  }
});

test("a missing or damaged blob of weights is an error", async () => {
  const network = { ...OF_FILE, classCount: 11 };
  const uploadId = await upload("vgg11-timm.safetensors");
  const resolved = await resolve({ uploadId }, network);
  assert.ok(resolved.kind === "weights");
  await appendFile(blobs.pathOf(resolved.sha256), "x");
  await assert.rejects(provide(resolved, network), { code: "BLOB_DAMAGED" });
  await rm(blobs.pathOf(resolved.sha256));
  await assert.rejects(provide(resolved, network), { code: "BLOB_MISSING" });
});

test("the report says what was found in a file, and a warning that its epsilon is assumed", async () => {
  const network = networkOfKeptFile("vgg11-bn.pth");
  const uploadId = await upload("vgg11-bn.pth");
  const wanted = { network: { ...network, classCount: 3 }, classNames: ["a", "b", "c"], epsilon: null };
  const { report, warnings } = await initialWeights().resolve({ uploadId }, wanted);
  assert.ok(report !== null);
  const { copied, random, ...found } = report;
  assert.deepEqual(found, {
    source: "uploaded file",
    looksLike: "VGG11 with batch normalization, width 0.015625, prefix `module.`",
    prefix: "module.",
    container: "state_dict",
    normalizationEpsilon: 1e-5,
    ignored: [],
    ignoredCount: 0,
    classes: null,
  });
  assert.deepEqual(copied, withoutLayer(network, /^predictions/));
  assert.deepEqual(
    random.map(({ variable }) => variable),
    ["predictions/kernel", "predictions/bias"],
  );
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ["NORMALIZATION_EPSILON_ASSUMED"],
  );
  const given = await initialWeights().resolve({ uploadId }, { ...wanted, epsilon: 1e-3 });
  assert.deepEqual([given.report?.normalizationEpsilon, given.warnings], [1e-3, []]);
});

test("class names that cannot be used are a warning, where the last layer is copied", async () => {
  const network: NetworkSpec = { ...OF_FILE, batchNormalization: false, classCount: 2 };
  const saved = { state_dict: stateDictOf(network), classes: ["rose", "rose"] };
  const file = path.join(files.folder, "twice.pth");
  await writeFile(file, torchFile(saved));
  const uploadId = await upload("twice.pth");
  const wanted = { network, classNames: ["rose", "tulip"], epsilon: null };
  const { report, warnings } = await initialWeights().resolve({ uploadId }, wanted);
  assert.deepEqual([report?.random, report?.classes], [[], null]);
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ["CLASS_NAMES_UNUSABLE"],
  );
  assert.match(
    warnings[0]?.message ?? "",
    /"classes" has a name twice\. The last layer was copied by position/,
  );
  const more = { ...wanted, network: { ...network, classCount: 3 }, classNames: ["rose", "tulip", "daisy"] };
  assert.deepEqual((await initialWeights().resolve({ uploadId }, more)).warnings, []);
});

test("the classes of a model version are mapped by name, and the report lists them", async () => {
  const [kept = "", other = "", ...rest] = (await world.registry.read(version)).manifest.classNames;
  const classNames = ["new", ...rest, kept, "newer"];
  const wanted = { network: { ...TINY, classCount: classNames.length }, classNames, epsilon: null };
  const { initialization, report } = await initialWeights().resolve({ modelVersion: "tiny:1" }, wanted);
  assert.equal(report?.source, "tiny:1");
  assert.deepEqual(report.classes, {
    copied: [...rest, kept],
    copiedCount: rest.length + 1,
    fresh: ["new", "newer"],
    freshCount: 2,
  });
  assert.ok(!report.classes?.copied.includes(other));
  const initial = await initialWeights().provide(initialization, wanted, world.host, UNWATCHED);
  assert.deepEqual(initial?.classes, {
    sourceCount: 3,
    positions: [null, ...rest.map((_, index) => index + 2), 0, null],
  });
  assert.deepEqual(initial?.variables, namesOf(TINY));
});

const PUBLISHED: NetworkSpec = { ...OF_FILE, widthMultiplier: 1, preprocessing: "IMAGENET_TORCH" };

test("published weights are named at launch, and downloaded when the run is prepared", async () => {
  const bytes = await readFile(path.join(files.folder, "vgg11.pth"));
  await using server = await PretrainedServer.start(bytes);
  const weights = initialWeights(() => server.fileOf());
  const { initialization, report, warnings } = await weights.resolve(
    { pretrained: "IMAGENET" },
    wantedFor(PUBLISHED),
  );
  assert.deepEqual(initialization, { kind: "pretrained", file: server.name });
  assert.deepEqual([report, warnings, server.requests], [null, [], []]);

  const progress: (readonly number[])[] = [];
  const watch = { ...UNWATCHED, onProgress: (...counts: [number, number]) => void progress.push(counts) };
  const initial = await weights.provide(initialization, wantedFor(OF_FILE), world.host, watch);
  assert.deepEqual(progress.at(-1), [bytes.length, bytes.length]);
  assert.deepEqual(initial?.variables, namesOf(OF_FILE));
  assert.equal(initial?.report?.source, server.name);
  assert.equal(initial?.report?.looksLike, "VGG11 without batch normalization, width 0.015625");
  await restore(initial?.folder ?? "", initial?.variables ?? [], OF_FILE);

  // Converted, it is not needed any more.
  const again = await initialWeights(() => server.fileOf("00000000")).provide(
    initialization,
    wantedFor(OF_FILE),
    world.host,
    UNWATCHED,
  );
  assert.deepEqual(again, initial);
  assert.equal(server.requests.length, 1);
});

test("published weights are refused at launch for a network that has none, with what there is", async () => {
  const field = ["configuration", "initialization", "pretrained"];
  await assert.rejects(resolve({ pretrained: "IMAGENET_KERAS" }, PUBLISHED), {
    code: "INITIALIZATION_INVALID",
    path: field,
    message:
      /no published weights IMAGENET_KERAS of VGG11 without batch normalization\. Weights of Keras: VGG16 and VGG19/,
  });
  await assert.rejects(resolve({ pretrained: "IMAGENET" }, { ...PUBLISHED, widthMultiplier: 0.5 }), {
    code: "INITIALIZATION_INVALID",
    path: field,
    message: /widthMultiplier 1\. Received 0\.5/,
  });
});

test("another preprocessing than the weights expect is a warning at launch", async () => {
  const scaled: NetworkSpec = { ...PUBLISHED, preprocessing: "SCALE_0_1" };
  const { warnings } = await initialWeights().resolve({ pretrained: "IMAGENET" }, wantedFor(scaled));
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ["PREPROCESSING_MISMATCH"],
  );
  assert.match(
    warnings[0]?.message ?? "",
    /vgg11-8a719046\.pth were trained with .* IMAGENET_TORCH\. The run has SCALE_0_1/,
  );
  const other: NetworkSpec = { ...TINY, preprocessing: "IMAGENET_CAFFE" };
  const ofModel = await initialWeights().resolve({ modelVersion: "tiny:1" }, wantedFor(other));
  assert.deepEqual(
    ofModel.warnings.map(({ code }) => code),
    ["PREPROCESSING_MISMATCH"],
  );
});
