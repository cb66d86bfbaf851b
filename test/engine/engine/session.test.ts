import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { AppError } from "../../../src/core/app-error.js";
import type { TensorValue } from "../../../src/engine/engine-protocol.js";
import type { Session } from "../../../src/engine/session.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";
import { smallGraph } from "./small-graph.js";

describe("a graph in the engine", () => {
  let engine: EngineWithFolder;
  let session: Session;

  before(async () => {
    engine = await startEngineWithFolder();
    session = await engine.host.openGraph(smallGraph());
    await session.run("init", {});
  });
  after(() => engine[Symbol.asyncDispose]());

  test("accepts batches of any size and returns named outputs with their shapes", async () => {
    for (const batchSize of [1, 3]) {
      const numbers = floats(
        Float32Array.from({ length: 2 * batchSize }, (_, index) => index),
        [batchSize, 2],
      );
      const { scaled } = await session.run("scale", { numbers });
      assert.deepEqual(scaled?.shape, [batchSize, 2]);
      assert.deepEqual([scaled?.data[0], scaled?.data[1]], [0, 3]);
    }
  });

  test("keeps the values of its variables between runs, separate from other graphs", async () => {
    await using other = await engine.host.openGraph(smallGraph());
    await other.run("init", {});
    const count = async (from: Session): Promise<unknown> => (await from.run("count", {})).count?.data;
    await count(session);
    const first = await count(other);
    const second = await count(other);
    assert.deepEqual([first, second], [BigInt64Array.of(1n), BigInt64Array.of(2n)]);
  });

  test("exchanges bytes, booleans, 64-bit integers and text unchanged", async () => {
    const outputs = await session.run("echo", {
      bytes: { dtype: "uint8", shape: [3], data: Uint8Array.of(0, 127, 255) },
      flags: { dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) },
      wide: { dtype: "int64", shape: [2], data: BigInt64Array.of(-1n, 2n ** 40n) },
      words: { dtype: "string", shape: [3], data: ["", "Gänseblümchen", "菊"] },
    });
    assert.deepEqual(outputs.bytes, { dtype: "int32", shape: [3], data: Int32Array.of(0, 127, 255) });
    assert.deepEqual(outputs.flags, { dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) });
    assert.deepEqual(outputs.wide, { dtype: "int64", shape: [2], data: BigInt64Array.of(-1n, 2n ** 40n) });
    assert.deepEqual(outputs.words, { dtype: "string", shape: [3], data: ["", "Gänseblümchen", "菊"] });
  });

  test("takes ownership of whole arrays, copies views and leaves shared memory usable", async () => {
    const whole = Float32Array.of(1, 2);
    await session.run("scale", { numbers: floats(whole, [1, 2]) });
    assert.equal(whole.buffer.detached, true);

    const larger = Float32Array.of(1, 2, 3, 4);
    const { scaled } = await session.run("scale", { numbers: floats(larger.subarray(2), [1, 2]) });
    assert.deepEqual(scaled?.data, Float32Array.of(9, 12));
    assert.deepEqual(larger, Float32Array.of(1, 2, 3, 4));

    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([5, 6]);
    await session.run("scale", { numbers: floats(shared, [1, 2]) });
    const again = await session.run("scale", { numbers: floats(shared, [1, 2]) });
    assert.deepEqual(again.scaled?.data, Float32Array.of(15, 18));
  });

  test("names an invalid input and its fault before the library sees it", async () => {
    const good = floats(Float32Array.of(1, 2), [1, 2]);
    const used = Float32Array.of(1, 2);
    await session.run("scale", { numbers: floats(used, [1, 2]) });
    const wrong: [Record<string, TensorValue>, RegExp][] = [
      [{}, /numbers` is missing: expected float32 \[\?, 2\]/],
      [{ numbers: good, more: good }, /more` is not an input of the signature, which takes numbers/],
      [{ numbers: floats(Float32Array.of(1, 2, 3), [1, 3]) }, /float32 \[\?, 2\]. Received float32 \[1, 3\]/],
      [{ numbers: floats(Float32Array.of(1, 2), [2]) }, /Received float32 \[2\]/],
      [{ numbers: { ...good, dtype: "int32" } }, /Received int32 \[1, 2\]/],
      [{ numbers: { ...good, data: Int32Array.of(1, 2) } }, /kept in a Float32Array. Received Int32Array/],
      [{ numbers: floats(Float32Array.of(1), [1, 2]) }, /must have 2 elements. Received 1/],
      [{ numbers: floats(used, [1, 2]) }, /was given to an earlier run/],
    ];
    const failedRuns = engine.host.failedRuns;
    for (const [inputs, message] of wrong) {
      await assert.rejects(session.run("scale", inputs), (error) => {
        assert.ok(error instanceof AppError);
        assert.equal(error.code, "ENGINE_INPUT_INVALID");
        assert.match(error.message, message);
        assert.equal(error.path.length, 1);
        return true;
      });
    }
    assert.equal(engine.host.failedRuns, failedRuns);
    await assert.rejects(session.run("train", {}), { code: "ENGINE_SIGNATURE_UNKNOWN" });
  });

  test("reports a refusal of the library in one line, and stays usable", async () => {
    const before = engine.host.failedRuns;
    await assert.rejects(
      session.run("square", { line: floats(new Float32Array(3), [3]), sizes: ints([2, 2]) }),
      (error) => {
        assert.ok(error instanceof AppError);
        assert.equal(error.code, "ENGINE_ERROR");
        assert.match(error.message, /^Input to reshape is a tensor with 3 values[^\n]*\.$/);
        return true;
      },
    );
    assert.equal(engine.host.failedRuns, before + 1);
    const { scaled } = await session.run("scale", { numbers: floats(Float32Array.of(1, 2), [1, 2]) });
    assert.deepEqual(scaled?.data, Float32Array.of(3, 6));
  });

  test("distinguishes a lack of memory from other failures", async () => {
    const tooLarge = 2_000_000; // squared, 16 TB of float32
    await assert.rejects(session.run("fill", { sizes: ints([tooLarge, tooLarge]) }), {
      code: "ENGINE_OUT_OF_MEMORY",
    });
  });

  test("does not block the event loop while it works", async () => {
    let longestPauseMs = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      longestPauseMs = Math.max(longestPauseMs, now - last);
      last = now;
    }, 1);
    const started = performance.now();
    await session.run("work", { sizes: ints([1500, 1500]) });
    const seconds = (performance.now() - started) / 1000;
    clearInterval(timer);
    assert.ok(longestPauseMs < Math.max(50, seconds * 500), `paused ${longestPauseMs} ms of ${seconds} s`);
  });

  test("refuses to run once it is closed", async () => {
    const closed = await engine.host.openGraph(smallGraph());
    await closed[Symbol.asyncDispose]();
    await closed[Symbol.asyncDispose]();
    await assert.rejects(closed.run("count", {}), { code: "ENGINE_SESSION_CLOSED" });
  });

  test("leaves no files in the work folder", async () => {
    await using _session = await engine.host.openGraph(smallGraph());
    await assert.rejects(engine.host.openGraph({ ...smallGraph(), bytes: Uint8Array.of(1, 2, 3) }), {
      code: "ENGINE_ERROR",
    });
    assert.deepEqual(await readdir(path.join(engine.folder, "work")), []);
  });
});

function floats(data: Float32Array, shape: readonly number[]): TensorValue {
  return { dtype: "float32", shape, data };
}

function ints(values: readonly number[]): TensorValue {
  return { dtype: "int32", shape: [values.length], data: Int32Array.from(values) };
}
