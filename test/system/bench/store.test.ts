import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const BENCH = fileURLToPath(import.meta.resolve("../../../bench/main.js"));

test("lists, comparisons and batches among many runs are measured, and no files are left", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "espalier-test-bench-"));
  try {
    const args = ["--runs", "200", "--points-per-run", "100", "--calls", "5", "--seconds", "1", "--json"];
    const { stdout } = await promisify(execFile)(process.execPath, [BENCH, "store", ...args], {
      env: { ...process.env, TMPDIR: folder },
    });
    const { figures } = JSON.parse(stdout.trimEnd()) as { figures: Record<string, number> };
    assert.deepEqual([figures.runs, figures.points], [200, 20_000]);
    for (const name of ["search", "laterPage", "batch", "compare", "history"]) {
      const [p50 = 0, p95 = 0] = [figures[`${name}P50Ms`], figures[`${name}P95Ms`]];
      assert.ok(p50 > 0 && p95 >= p50, `${name}: ${p50}, ${p95}`);
    }
    assert.ok((figures.pointsPerSecond ?? 0) > 0 && (figures.historyPoints ?? 0) > 0);
    assert.deepEqual(await readdir(folder), []);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
