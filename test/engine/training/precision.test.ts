import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import { type Clock, SYSTEM_CLOCK } from "../../../src/lang/clock.js";
import { PrecisionChooser } from "../../../src/training/attempt/precision-chooser.js";
import { startTestEngine } from "../../testkit/engine.js";
import { testLog } from "../../testkit/postgres/database.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";
import { epochDone, follow, openTrainingWorld, runNow } from "./training-world.js";

/** The apparent duration of each timed run, by its index. */
function clockOf(milliseconds: (run: number) => number): Clock & { readonly timed: number } {
  let [reading, looks] = [0, 0];
  return {
    now: () => new Date(0),
    monotonicMs: () => {
      if (looks++ % 2 === 1) reading += milliseconds((looks - 2) / 2);
      return reading;
    },
    get timed() {
      return looks / 2;
    },
  };
}

function chooserIn(folder: string, clock: Clock = SYSTEM_CLOCK): PrecisionChooser {
  return new PrecisionChooser({ folder, clock, log: testLog });
}

test("AUTO chooses the precision with the shortest best time", async (t) => {
  await using host = await startTestEngine();
  const cases = [
    // Only one of the five repetitions is fast.
    {
      name: "bfloat16",
      times: (run: number) => (run === 7 ? 2 : 10),
      expected: "MIXED_BFLOAT16",
      best: [10, 2],
    },
    { name: "float32", times: (run: number) => (run < 5 ? 3 : 4), expected: "FLOAT32", best: [3, 4] },
    { name: "float32 when both take as long", times: () => 5, expected: "FLOAT32", best: [5, 5] },
  ];
  for (const { name, times, expected, best } of cases) {
    await t.test(name, async () => {
      await using temporary = await temporaryFolder();
      const choice = await chooserIn(temporary.folder, clockOf(times)).choose(host);
      assert.equal(choice.precision, expected);
      assert.deepEqual(
        choice.measurements.map(({ precision, milliseconds }) => [precision, milliseconds]),
        [
          ["FLOAT32", best[0]],
          ["MIXED_BFLOAT16", best[1]],
        ],
      );
    });
  }
});

test("a machine is measured once, also for simultaneous calls", async () => {
  await using host = await startTestEngine();
  await using temporary = await temporaryFolder();
  const clock = clockOf(() => 1);
  const chooser = chooserIn(temporary.folder, clock);
  assert.deepEqual(await chooser.measurements(host.info), []);
  const [one, other] = await Promise.all([chooser.choose(host), chooser.choose(host)]);
  assert.deepEqual(one, other);
  assert.equal(clock.timed, 10);
  assert.deepEqual(await chooser.measurements(host.info), one.measurements);

  const afterRestart = chooserIn(temporary.folder, clock);
  assert.deepEqual(await afterRestart.choose(host), one);
  assert.equal(clock.timed, 10);
});

test("another processor, library, device or number of threads is measured separately", async () => {
  await using host = await startTestEngine();
  await using temporary = await temporaryFolder();
  const chooser = chooserIn(temporary.folder);
  await chooser.choose(host);
  const { info } = host;
  for (const other of [
    { ...info, processor: "another" },
    { ...info, tensorflowVersion: "3.0.0" },
    { ...info, threads: info.threads + 1 },
    { ...info, devices: [{ kind: "GPU" as const, name: "a GPU" }] },
  ]) {
    assert.deepEqual(await chooser.measurements(other as EngineHost["info"]), []);
  }
  assert.equal((await chooser.measurements(info)).length, 2);
});

test("damaged times are measured again, and cost no other machine its times", async () => {
  await using host = await startTestEngine();
  await using temporary = await temporaryFolder();
  await chooserIn(temporary.folder).choose(host);
  const file = path.join(temporary.folder, "precision-3.json");
  const whole = await readFile(file, "utf8");
  for (const damaged of [
    "",
    "null",
    "[]",
    JSON.stringify({ machines: [] }),
    whole.replaceAll("milliseconds", "seconds"),
    whole.replaceAll("FLOAT32", "FLOAT8"),
    whole.slice(0, whole.length / 2),
  ]) {
    await writeFile(file, damaged);
    assert.deepEqual(await chooserIn(temporary.folder).measurements(host.info), [], damaged);
  }
  const [machine = ""] = Object.keys(JSON.parse(whole).machines);
  const other = { "another machine": [{ precision: "FLOAT32", device: "CPU", milliseconds: 1 }] };
  await writeFile(file, JSON.stringify({ machines: { ...other, [machine]: "damaged" } }));
  const clock = clockOf(() => 1);
  const { measurements } = await chooserIn(temporary.folder, clock).choose(host);
  assert.deepEqual([measurements.length, clock.timed], [2, 10]);
  assert.deepEqual(JSON.parse(await readFile(file, "utf8")).machines, { ...other, [machine]: measurements });
  assert.deepEqual(await chooserIn(temporary.folder).measurements(host.info), measurements);
  assert.deepEqual(await readdir(path.join(temporary.folder, "partial")), []);
});

test("a run records the choice of AUTO with its measurements, and keeps it on another machine", async () => {
  await using world = await openTrainingWorld();
  const { id } = await world.launchTiny({ precision: "AUTO", epochs: 8 });
  {
    await using _trainer = await world.startTrainer();
    await follow(world, id, epochDone(2));
  }
  const file = path.join(world.homeFolder, "cache", "precision-3.json");
  const first = (await runNow(world, id)).environment;
  const times = first?.precisionMeasurements ?? [];
  assert.deepEqual(
    times.map(({ precision }) => precision),
    ["FLOAT32", "MIXED_BFLOAT16"],
  );
  const fastest = times.reduce((best, each) => (each.milliseconds < best.milliseconds ? each : best));
  assert.equal(first?.precision, fastest.precision);

  const reversed = JSON.parse(await readFile(file, "utf8")) as { machines: Record<string, unknown> };
  for (const machine of Object.keys(reversed.machines)) {
    reversed.machines[machine] = times.map((each) => ({
      ...each,
      milliseconds: each.precision === fastest.precision ? 2000 : 1,
    }));
  }
  await writeFile(file, JSON.stringify(reversed));
  const next = await world.launchTiny({ precision: "AUTO", epochs: 1 });
  await using _trainer = await world.startTrainer();
  await follow(world, id);
  await follow(world, next.id);
  assert.deepEqual((await runNow(world, id)).environment, first);
  assert.notEqual((await runNow(world, next.id)).environment?.precision, first?.precision);
});
