import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { parseConfig } from "../../../src/core/config.js";
import { customOpsFor } from "../../../src/engine/engine-info.js";
import { type KernelsSource, provideKernels } from "../../../src/engine/native/kernels.js";
import { detectMachine } from "../../../src/engine/native/machine.js";
import { openTensorFlowFolder, provideTensorFlow } from "../../../src/engine/native/tensorflow-folder.js";
import { provideNativeLibrary } from "../../../src/engine/native-library.js";
import { isFile } from "../../../src/lang/is-file.js";
import { projectRoot } from "../../../src/lang/project-root.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const config = parseConfig(process.env);
const machine = detectMachine(process.env);
const skip =
  machine.platform === "linux" && machine.architecture === "x64"
    ? false
    : "operations of our own are for x86-64 under Linux";

/** What is to be compiled on this machine, into a cache where nothing is yet. */
async function sourceWith(cacheFolder: string): Promise<KernelsSource> {
  const { addonFile } = await provideNativeLibrary(config, () => {});
  const tensorflow =
    config.tensorflowFolder === null
      ? await provideTensorFlow(config.cacheFolder, machine, () => {})
      : await openTensorFlowFolder(config.tensorflowFolder);
  return { folder: path.join(projectRoot(), "native"), machine, cacheFolder, tensorflow, addonFile };
}

test("operations of our own are compiled once, and then found", { skip }, async () => {
  await using temporary = await temporaryFolder();
  const source = await sourceWith(temporary.folder);
  const lines: string[] = [];
  const file = await provideKernels(source, (line) => lines.push(line));
  assert.ok(file !== null && (await isFile(file)), lines.join("\n"));
  assert.deepEqual(lines, ["Compiling Espalier's own operations, a few seconds"]);
  assert.equal(await provideKernels(source, assert.fail), file);
});

test("a compiler that fails is told of, and nothing else stops", { skip }, async () => {
  await using temporary = await temporaryFolder();
  const source = await sourceWith(temporary.folder);
  const before = process.env.CXX;
  process.env.CXX = "g++ -include no-such-header.h";
  try {
    const lines: string[] = [];
    assert.equal(await provideKernels(source, (line) => lines.push(line)), null);
    assert.match(lines.join("\n"), /training is slower here: g\+\+ said:\n.*no-such-header\.h/);
  } finally {
    if (before === undefined) delete process.env.CXX;
    else process.env.CXX = before;
  }
});

test("elsewhere TensorFlow's own operations do", async () => {
  const elsewhere = { platform: "linux", architecture: "arm64" };
  const source = { machine: elsewhere } as KernelsSource;
  assert.equal(await provideKernels(source, assert.fail), null);
});

test("a processor gets the operations that make it faster", () => {
  assert.deepEqual(customOpsFor(["sse4_2", "avx2"]), ["EspalierProjectiveTransform"]);
  assert.deepEqual(customOpsFor(["avx512f", "avx512_bf16"]), [
    "EspalierConv2D",
    "EspalierDense",
    "EspalierBatchNorm",
    "EspalierProjectiveTransform",
  ]);
  assert.deepEqual(customOpsFor(["avx512f", "avx512_bf16", "amx_bf16"]), [
    "EspalierBatchNorm",
    "EspalierProjectiveTransform",
  ]);
});
