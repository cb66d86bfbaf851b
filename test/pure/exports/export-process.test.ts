import assert from "node:assert/strict";
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { constants, getPriority } from "node:os";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { AppError, hasCode } from "../../../src/core/app-error.js";
import { translateDiskFull } from "../../../src/exports/attempt/disk-full.js";
import { ExportProcess } from "../../../src/exports/attempt/export-process.js";
import type { ExportStage } from "../../../src/exports/attempt/job.js";
import { createLog } from "../../../src/telemetry/log.js";
import { EXPORT_CHILD, jobThat } from "../../testkit/exports/export-job-of.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const NEVER = new AbortController().signal;
const PROGRAM = import.meta.resolve("../../../src/exports/attempt/export-program.js");
const log = createLog("silent");

async function run(action: string, signal = NEVER, onProgress: (stage: ExportStage) => void = () => {}) {
  await using folder = await temporaryFolder();
  const exportProcess = new ExportProcess({ log, logLevel: "silent", program: EXPORT_CHILD });
  return await exportProcess.run(jobThat(action, folder.folder), onProgress, signal);
}

test("the process of an export reports its progress and its outcome", async () => {
  const stages: ExportStage[] = [];
  const outcome = await run("write", NEVER, (stage) => stages.push(stage));
  assert.deepEqual(stages, ["WRITING", "PROVING"]);
  assert.deepEqual([outcome.proof.status, outcome.writingSeconds], ["PROVEN", 0.5]);
});

test("a process that ends without an outcome fails its export, and says how it ended", async () => {
  for (const [action, expected] of [
    ["crash SIGSEGV", /crashed \(SIGSEGV\)/],
    ["crash SIGABRT", /crashed \(SIGABRT\)/],
    ["crash SIGKILL", /killed .* \(SIGKILL\), probably because memory ran out/],
    ["exit 3", /ended with exit code 3/],
  ] as const) {
    await assert.rejects(
      run(action),
      (error) => hasCode(error, "EXPORT_FAILED") && expected.test(error.message),
    );
  }
});

test("a failure keeps its code; an unexpected error and an invalid message are faults", async () => {
  await assert.rejects(
    run("failure RUNTIME_UNAVAILABLE"),
    (error) => hasCode(error, "RUNTIME_UNAVAILABLE") && error.message === "The runtime is not there.",
  );
  await assert.rejects(run("fault"), (error) => !hasCode(error) && /secret path/.test(String(error)));
  await assert.rejects(run("nonsense"), /sizeBytes/);
  await assert.rejects(run("failure NO_SUCH_CODE"), /Invalid option/);
});

test("aborting kills the process, however long it would go on", async () => {
  const cancelling = new AbortController();
  const reason = new Error("cancelled");
  await assert.rejects(
    run("hang", cancelling.signal, () => cancelling.abort(reason)),
    reason,
  );
  await assert.rejects(run("write", AbortSignal.abort(reason)), reason);
});

test("a process that hangs fails its export, so that the next one has its turn", async () => {
  await using folder = await temporaryFolder();
  const options = { log, logLevel: "silent", program: EXPORT_CHILD, silenceMs: 300 } as const;
  await assert.rejects(
    new ExportProcess(options).run(jobThat("hang", folder.folder), () => {}, NEVER),
    (error) => hasCode(error, "EXPORT_FAILED") && /no sign of life for 1 min/.test(error.message),
  );
});

test("the process of an export dies with its server", async () => {
  await using folder = await temporaryFolder();
  const job = JSON.stringify(jobThat("hang", folder.folder));
  const module = (name: string): string => JSON.stringify(import.meta.resolve(name));
  const parent = spawn(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      `const { ExportProcess } = await import(${module("../../../src/exports/attempt/export-process.js")});
       const { createLog } = await import(${module("../../../src/telemetry/log.js")});
       const job = ${job};
       job.identity.registeredAt = new Date(0);
       const options = { log: createLog("silent"), logLevel: "silent", program: ${JSON.stringify(EXPORT_CHILD)} };
       await new ExportProcess(options).run(job, () => console.log("begun"), new AbortController().signal);`,
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  // The child writes to the same standard error, which is therefore open for as long as it lives.
  const errors = text(parent.stderr);
  await once(parent.stdout, "data");
  parent.kill("SIGKILL");
  assert.equal(await errors, "");
});

test("the program of an export lowers its priority and outlives a signal to its group, until its server leaves", async () => {
  const child = fork(fileURLToPath(PROGRAM), [], { serialization: "advanced", execArgv: [] });
  child.send({ job: "none" });
  const [answer] = (await once(child, "message")) as [{ kind: string; explanation: string }];
  assert.equal(answer.kind, "fault");
  assert.match(answer.explanation, /expected object/);
  assert.equal(getPriority(child.pid), constants.priority.PRIORITY_BELOW_NORMAL);
  child.kill("SIGINT");
  child.kill("SIGTERM");
  child.send({ job: "none" });
  child.disconnect();
  assert.deepEqual(await once(child, "exit"), [1, null]);
});

test("a disk without room is reported as such", { skip: process.platform !== "linux" }, async () => {
  const error = translateDiskFull(await writeFile("/dev/full", "x").catch((thrown: unknown) => thrown));
  assert.ok(hasCode(error, "DISK_FULL"));
  assert.match(error.message, /nothing was kept/);
  const engine = new AppError("ENGINE_ERROR", "RESOURCE_EXHAUSTED: /x; No space left on device");
  assert.ok(hasCode(translateDiskFull(engine), "DISK_FULL"));
  const cache = new AppError("RUNTIME_UNAVAILABLE", "ENOSPC", { cause: engine });
  assert.equal(translateDiskFull(cache), cache, "the cache may be on another disk");
  const other = new Error("no such thing");
  assert.equal(translateDiskFull(other), other);
});
