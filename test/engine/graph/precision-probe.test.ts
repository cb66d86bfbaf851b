import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import { buildPrecisionProbe } from "../../../src/graph/architectures/precision-probe.js";
import { startTestEngine } from "../../testkit/engine.js";
import { numberOf } from "./graph-of.js";

let engine: EngineHost;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

test("the probe computes the same in every precision, up to its rounding", async () => {
  const checksums: number[] = [];
  for (const precision of ["FLOAT32", "MIXED_BFLOAT16", "MIXED_FLOAT16"] as const) {
    await using session = await engine.openGraph(buildPrecisionProbe(precision, engine.info.customOps));
    checksums.push(numberOf((await session.run("probe", {})).checksum));
  }
  const [exact = Number.NaN, ...rounded] = checksums;
  assert.ok(Number.isFinite(exact) && exact > 0);
  for (const checksum of rounded) {
    assert.ok(Math.abs(checksum - exact) < 0.02 * exact, `${checksum} instead of ${exact}`);
  }
  assert.equal(new Set(checksums).size, 3, "each precision rounds in its own way");
});
