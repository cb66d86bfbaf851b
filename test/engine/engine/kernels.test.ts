import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { parseConfig } from "../../../src/core/config.js";
import { customOpsFor } from "../../../src/engine/engine-info.js";
import { compilerOf } from "../../../src/engine/native/addon-build.js";
import { type KernelsSource, provideKernels } from "../../../src/engine/native/kernels.js";
import { detectMachine } from "../../../src/engine/native/machine.js";
import { runProgram } from "../../../src/engine/native/program.js";
import { openTensorFlowFolder, provideTensorFlow } from "../../../src/engine/native/tensorflow-folder.js";
import { provideNativeLibrary } from "../../../src/engine/native-library.js";
import { isFile } from "../../../src/lang/is-file.js";
import { projectRoot } from "../../../src/lang/project-root.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const config = parseConfig(process.env);
const machine = detectMachine(process.env);
const skip = await whyNotCompiled();

async function whyNotCompiled(): Promise<string | false> {
  if (machine.platform !== "linux" || machine.architecture !== "x64") {
    return "the custom ops are for x86-64 on Linux";
  }
  const [compiler] = compilerOf(process.env);
  const { missing } = await runProgram(compiler, ["--version"]);
  return missing && `there is no C++ compiler ${compiler}`;
}

/** The custom ops to compile on this machine, into an empty cache. */
async function sourceWith(cacheFolder: string): Promise<KernelsSource> {
  const { addonFile } = await provideNativeLibrary(config, () => {});
  const tensorflow =
    config.tensorflowFolder === null
      ? await provideTensorFlow(config.cacheFolder, machine, () => {})
      : await openTensorFlowFolder(config.tensorflowFolder);
  return { folder: path.join(projectRoot(), "native"), machine, cacheFolder, tensorflow, addonFile };
}

test("the custom ops are compiled once and then reused", { skip }, async () => {
  await using temporary = await temporaryFolder();
  const source = await sourceWith(temporary.folder);
  const lines: string[] = [];
  const file = await provideKernels(source, (line) => lines.push(line));
  assert.ok(file !== null && (await isFile(file)), lines.join("\n"));
  assert.deepEqual(lines, ["Compiling the custom ops, a few seconds"]);
  assert.equal(await provideKernels(source, assert.fail), file);
});

test("a failing compiler is reported and stops nothing else", { skip }, async () => {
  assert.match(
    await reportWithCompiler("g++ -include no-such-header.h"),
    /training is slower: g\+\+ said:\n.*no-such-header\.h/,
  );
});

test("a missing compiler is reported with what to install, and stops nothing else", async () => {
  assert.match(
    await reportWithCompiler("no-such-compiler"),
    /training is slower: the C\+\+ compiler no-such-compiler is missing \(Debian: apt-get install g\+\+\)/,
  );
});

/** The progress of compiling with this value of CXX, which gives no custom ops. */
async function reportWithCompiler(compiler: string): Promise<string> {
  await using temporary = await temporaryFolder();
  const source = await sourceWith(temporary.folder);
  const before = process.env.CXX;
  process.env.CXX = compiler;
  try {
    const lines: string[] = [];
    assert.equal(await provideKernels(source, (line) => lines.push(line)), null);
    return lines.join("\n");
  } finally {
    if (before === undefined) delete process.env.CXX;
    else process.env.CXX = before;
  }
}

test("no custom ops are compiled for other platforms", async () => {
  const elsewhere = { platform: "linux", architecture: "arm64" };
  const source = { machine: elsewhere } as KernelsSource;
  assert.equal(await provideKernels(source, assert.fail), null);
});

test("a processor gets the custom ops that make it faster", () => {
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
