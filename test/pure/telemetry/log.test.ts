import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { createLog, type Log } from "../../../src/telemetry/log.js";

/** A log at the most talkative level, with everything that it wrote. */
function logTo(options: { readonly isTTY?: boolean; readonly colors?: boolean } = {}) {
  const lines: string[] = [];
  const output = {
    isTTY: options.isTTY ?? false,
    hasColors: () => options.colors ?? false,
    write: (text: string) => lines.push(text),
  };
  return { log: createLog("debug", output), lines };
}

describe("a log", () => {
  test("writes one JSON object per line, with its time, level, message and fields", () => {
    const { log, lines } = logTo();
    log.info("run ended", { runId: "run_1", state: "SUCCEEDED", epochs: 3 });
    log.child({ engine: "training" }).warn("engine restarts");
    assert.equal(lines.length, 2);
    const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(Object.keys(first ?? {}), ["level", "at", "runId", "state", "epochs", "message"]);
    assert.equal(first?.level, "info");
    assert.equal(first?.message, "run ended");
    assert.equal(new Date(String(first?.at)).toISOString(), first?.at);
    assert.equal(second?.engine, "training");
    assert.equal(lines[0]?.at(-1), "\n");
  });

  test("leaves out what is less severe than its level", () => {
    const lines: string[] = [];
    const output = { write: (text: string) => lines.push(text) };
    const write = (log: Log) => {
      log.debug("d");
      log.info("i");
      log.warn("w");
      log.error("e");
    };
    write(createLog("warn", output));
    write(createLog("silent", output));
    write(createLog("error", output).child({ of: "child" }));
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { message: string }).message),
      ["w", "e", "e"],
    );
  });

  test("writes the stack, the code and the causes of an error", () => {
    const { log, lines } = logTo();
    const cause = Object.assign(new RangeError("the disk is full"), { code: "ENOSPC" });
    log.error("could not save", { error: new Error("cannot write the checkpoint", { cause }) });
    const { error } = JSON.parse(lines[0] ?? "") as {
      error: { type: string; message: string; stack: string; cause: Record<string, unknown> };
    };
    assert.equal(error.type, "Error");
    assert.equal(error.message, "cannot write the checkpoint");
    assert.match(error.stack, /log\.test/);
    assert.equal(error.cause.type, "RangeError");
    assert.equal(error.cause.message, "the disk is full");
    assert.equal(error.cause.code, "ENOSPC");
  });

  test("writes numbers that JSON lacks, and objects that contain themselves", () => {
    const { log, lines } = logTo();
    const ring: Record<string, unknown> = {};
    ring.ring = ring;
    log.info("odd", { bytes: 2n ** 60n, ring });
    assert.match(lines[0] ?? "", /"bytes":1152921504606846976/);
    assert.match(lines[0] ?? "", /Circular/);
  });

  test("has written a line before the process crashes", () => {
    const module = import.meta.resolve("../../../src/telemetry/log.js");
    const script = `
      const { createLog } = await import(${JSON.stringify(module)});
      createLog("info").info("the last words");
      process.kill(process.pid, "SIGKILL");`;
    const { signal, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    assert.equal(signal, "SIGKILL");
    assert.match(stderr, /"message":"the last words"/);
  });
});

describe("on a terminal, a log", () => {
  test("writes text instead of JSON", () => {
    const { log, lines } = logTo({ isTTY: true });
    log.warn("engine restarts", { alive: false });
    assert.match(lines.join(""), /^\[\d\d:\d\d:\d\d\] WARN: engine restarts\n {4}alive: false\n$/);
  });

  test("uses colors only where the terminal has them", () => {
    for (const colors of [true, false]) {
      const { log, lines } = logTo({ isTTY: true, colors });
      log.error("no");
      assert.equal(lines.join("").includes("\u001b["), colors);
    }
  });

  test("shows the stack of an error and its cause", () => {
    const { log, lines } = logTo({ isTTY: true });
    log.error("could not save", { error: new Error("no space", { cause: new Error("disk full") }) });
    const text = lines.join("");
    assert.match(text, /Error: no space\n +at /);
    assert.match(text, /disk full/);
  });
});
