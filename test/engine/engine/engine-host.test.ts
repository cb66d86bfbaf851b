import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { parseConfig } from "../../../src/core/config.js";
import { EngineHost } from "../../../src/engine/engine-host.js";
import { EngineThread } from "../../../src/engine/engine-thread.js";
import { createLog } from "../../../src/telemetry/log.js";
import { startEngineWithFolder } from "../../testkit/engine.js";
import { smallGraph } from "./small-graph.js";

test("two engines of one process run at the same time and close independently", async () => {
  await using serving = await startEngineWithFolder();
  await using session = await serving.host.openGraph(smallGraph());
  await session.run("init", {});
  {
    await using training = await startEngineWithFolder();
    await using trained = await training.host.openGraph(smallGraph());
    await trained.run("init", {});
    const sizes = () => ({ dtype: "int32", shape: [2], data: Int32Array.of(400, 400) }) as const;
    const runs = Array.from({ length: 8 }, (_, index) =>
      (index % 2 === 0 ? session : trained).run("work", { sizes: sizes() }),
    );
    const sums = (await Promise.all(runs)).map(({ sum }) => sum?.data[0]);
    assert.deepEqual(new Set(sums), new Set([400 ** 3]));
  }
  const { count } = await session.run("count", {});
  assert.deepEqual(count?.data, BigInt64Array.of(1n));
});

test("the engine describes the machine that it runs on", async () => {
  await using engine = await startEngineWithFolder();
  const { tensorflowVersion, threads, processor, devices } = engine.host.info;
  assert.match(tensorflowVersion, /^2\.\d+\.\d+/);
  assert.equal(threads, parseConfig(process.env).threads);
  assert.ok(processor.length > 0);
  const cpu = devices.find(({ kind }) => kind === "CPU");
  assert.ok((cpu?.memoryBytes ?? 0) > 2 ** 28);
  if (process.platform === "linux") assert.ok((cpu?.instructionSets.length ?? 0) > 0);
});

test("an engine that closes finishes the current runs and opens no more graphs", async () => {
  const engine = await startEngineWithFolder();
  const session = await engine.host.openGraph(smallGraph());
  await session.run("init", {});
  const run = session.run("count", {});
  await engine[Symbol.asyncDispose]();
  assert.deepEqual((await run).count?.data, BigInt64Array.of(1n));
  await assert.rejects(session.run("count", {}), { code: "ENGINE_FAILED" });
  await assert.rejects(engine.host.openGraph(smallGraph()), { code: "ENGINE_CLOSED" });
});

test("an engine that leaked the inputs of many failed runs replaces its thread when it is idle", async () => {
  await using engine = await startEngineWithFolder();
  {
    await using session = await engine.host.openGraph(smallGraph());
    for (let attempt = 0; attempt < EngineHost.MAX_FAILED_RUNS; attempt++) {
      const line = { dtype: "float32", shape: [1], data: new Float32Array(1) } as const;
      const sizes = { dtype: "int32", shape: [2], data: Int32Array.of(2, 2) } as const;
      await assert.rejects(session.run("square", { line, sizes }), { code: "ENGINE_ERROR" });
    }
    await using _beside = await engine.host.openGraph(smallGraph());
    assert.equal(engine.host.failedRuns, EngineHost.MAX_FAILED_RUNS, "not while a session is open");
  }
  await using session = await engine.host.openGraph(smallGraph());
  assert.equal(engine.host.failedRuns, 0);
  await session.run("init", {});
});

test("a library that cannot be loaded causes an error, not a crash", async () => {
  await using engine = await startEngineWithFolder();
  const addonFile = path.join(engine.folder, "broken.node");
  await writeFile(addonFile, "not a library");
  const options = {
    nativeLibrary: { addonFile, kernelsFile: null },
    workFolder: engine.folder,
    log: createLog("silent"),
  };
  await assert.rejects(EngineHost.start({ ...options, threads: engine.host.info.threads }), {
    code: "ENGINE_FAILED",
  });
});

test("a thread that ends fails all its calls, pending and later ones", async () => {
  // The real library cannot be made to end its thread, so a script replaces the whole worker.
  const dying = `import { parentPort } from "node:worker_threads";
    parentPort.postMessage({ kind: "ready", tensorflowVersion: "2.0.0", usesGpu: false });
    parentPort.once("message", () => process.exit(3));`;
  const worker = new URL(`data:text/javascript,${encodeURIComponent(dying)}`);
  const { thread } = await EngineThread.start({ addonFile: "", kernelsFile: null }, worker);
  const calls = [thread.call("load", { folder: "one" }), thread.call("load", { folder: "two" })];
  const message = /The engine stopped: its thread ended with code 3/;
  for (const call of calls) await assert.rejects(call, { code: "ENGINE_FAILED", message });
  assert.equal(thread.alive, false);
  await assert.rejects(thread.call("load", { folder: "three" }), { code: "ENGINE_FAILED", message });
  await thread[Symbol.asyncDispose]();
});

test("a thread that sends an unknown message is ended, and fails all its calls", async () => {
  const garbled = `import { parentPort } from "node:worker_threads";
    parentPort.postMessage({ kind: "ready", tensorflowVersion: "2.0.0", usesGpu: false });
    parentPort.once("message", ({ id }) => parentPort.postMessage({ kind: "answered", id }));`;
  const worker = new URL(`data:text/javascript,${encodeURIComponent(garbled)}`);
  const { thread } = await EngineThread.start({ addonFile: "", kernelsFile: null }, worker);
  await assert.rejects(thread.call("load", { folder: "one" }), { code: "ENGINE_FAILED" });
  assert.equal(thread.alive, false);
  await thread[Symbol.asyncDispose]();
});

test("an answer of an unexpected form fails its call alone", async () => {
  const confused = `import { parentPort } from "node:worker_threads";
    parentPort.postMessage({ kind: "ready", tensorflowVersion: "2.0.0", usesGpu: false });
    parentPort.on("message", ({ id, call }) => {
      parentPort.postMessage({ kind: "answer", id, answer: call === "load" ? { session: "first" } : {} });
      if (call === "stop") parentPort.close();
    });`;
  const worker = new URL(`data:text/javascript,${encodeURIComponent(confused)}`);
  const { thread } = await EngineThread.start({ addonFile: "", kernelsFile: null }, worker);
  await assert.rejects(thread.call("load", { folder: "one" }), { name: "ZodError", message: /session/ });
  assert.deepEqual(await thread.call("unload", { session: 1 }), {});
  await thread[Symbol.asyncDispose]();
});

test("all engines of a process use the same number of threads", async () => {
  await using engine = await startEngineWithFolder();
  const options = {
    nativeLibrary: { addonFile: "", kernelsFile: null },
    workFolder: engine.folder,
    log: createLog("silent"),
  };
  await assert.rejects(EngineHost.start({ ...options, threads: engine.host.info.threads + 1 }), {
    code: "ENGINE_THREADS_FIXED",
  });
  // One thread can keep at most one processor busy; the rest of the process does almost nothing.
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [path.join(import.meta.dirname, "busy-processors.js")],
    {
      env: { ...process.env, ESPALIER_THREADS: "1", TF_NUM_INTRAOP_THREADS: "", TF_NUM_INTEROP_THREADS: "" },
    },
  );
  assert.ok(Number(stdout) < 1.3, `${stdout} processors were busy`);
});
