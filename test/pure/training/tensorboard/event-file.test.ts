import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFile, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { projectRoot } from "../../../../src/lang/project-root.js";
import { crc32c } from "../../../../src/training/tensorboard/crc32c.js";
import type { Summary } from "../../../../src/training/tensorboard/event.js";
import { EventFile } from "../../../../src/training/tensorboard/event-file.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";
import { askGoldenScript, whyNoPython } from "../../../testkit/test-python.js";

/** The same events as in make_event_golden.py. */
const SUMMARIES: readonly Summary[] = [
  { kind: "scalar", tag: "validation/loss", value: 0.75 },
  { kind: "scalar", tag: "train/loss", value: Number.POSITIVE_INFINITY },
  {
    kind: "histogram",
    tag: "block1_conv1/kernel",
    histogram: { min: -1.5, max: 2.5, sum: 4.25, sumOfSquares: 8.5, counts: [1, 2, 3, 4] },
  },
  {
    kind: "image",
    tag: "pictures/0",
    sizePixels: 64,
    png: Uint8Array.from({ length: 256 }, (_byte, index) => index),
  },
];
const FIRST_EVENT_BYTES = 40;
const STARTED_MS = 1_700_000_000_250;

const golden = await readFile(path.join(projectRoot(import.meta.dirname), "test/golden/events.tfevents"));

const skip = await whyNoPython("tensorboard");

const momentOf = (step: number) => ({ step, at: new Date(STARTED_MS + step * 1_000) });

test("the checksum is that of RFC 3720", () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_byte, index) => index)), 0x46dd794e);
  assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
});

test("a file of events has the same bytes as one of TensorBoard's own writer", async () => {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "tensorboard/events");
  await using events = await EventFile.open(file, momentOf(0), null);
  await events.append(momentOf(5), SUMMARIES);
  const state = await events.append(momentOf(70_000), SUMMARIES);
  assert.deepEqual(await readFile(file), golden);
  assert.deepEqual(state, {
    sizeBytes: golden.length,
    sha256: createHash("sha256").update(golden).digest("hex"),
  });
});

test("a file that is opened again loses the events after the step from which the run continues", async () => {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "events");
  {
    await using events = await EventFile.open(file, momentOf(0), null);
    await events.append(momentOf(5), SUMMARIES);
    await events.append(momentOf(70_000), SUMMARIES.slice(0, 1));
  }
  await using events = await EventFile.open(file, momentOf(5), file);
  assert.equal((await stat(file)).size, events.state.sizeBytes);
  await events.append(momentOf(70_000), SUMMARIES);
  assert.deepEqual(await readFile(file), golden);
  assert.equal(events.state.sha256, createHash("sha256").update(golden).digest("hex"));
});

test("the file of another attempt copies the earlier events and does not change the earlier file", async () => {
  await using temporary = await temporaryFolder();
  const [file, next] = [path.join(temporary.folder, "1/events"), path.join(temporary.folder, "2/events")];
  await using earlier = await EventFile.open(file, momentOf(0), null);
  await earlier.append(momentOf(5), SUMMARIES);
  await using events = await EventFile.open(next, momentOf(5), file);
  await earlier.append(momentOf(9), SUMMARIES); // It does not know yet that it was replaced.
  await events.append(momentOf(70_000), SUMMARIES);
  assert.deepEqual(await readFile(next), golden);
});

test("a file that a crash truncated continues after its last complete event", async () => {
  await using temporary = await temporaryFolder();
  const afterStep5 = golden.subarray(0, golden.indexOf("validation/loss", golden.indexOf("pictures/0")));
  for (const [index, length] of [1, 11, 40, 60, afterStep5.length, golden.length - 1].entries()) {
    const file = path.join(temporary.folder, `events-${index}`);
    await appendFile(file, golden.subarray(0, length));
    await using events = await EventFile.open(file, { ...momentOf(0), step: 5 }, file);
    const { sizeBytes } = events.state;
    // A truncated first event is written again.
    assert.ok(sizeBytes === FIRST_EVENT_BYTES || sizeBytes <= length);
    assert.deepEqual(await readFile(file), golden.subarray(0, sizeBytes));
  }
});

test("a file that contains no events is replaced", async () => {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "events");
  await appendFile(file, "something else altogether, and longer than a record's head");
  await using events = await EventFile.open(file, momentOf(0), file);
  await events.append(momentOf(5), SUMMARIES);
  await events.append(momentOf(70_000), SUMMARIES);
  assert.deepEqual(await readFile(file), golden);
});

test("TensorBoard reads what was written", { skip }, async () => {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "events.out.tfevents.1700000000.espalier");
  {
    await using events = await EventFile.open(file, momentOf(0), null);
    await events.append(momentOf(5), SUMMARIES);
    await events.append(momentOf(70_000), SUMMARIES.slice(0, 1));
  }
  const found = await askGoldenScript<Record<string, TagFound>>("read_event_file.py", temporary.folder);
  const at = (step: number) => ({ step, wallTime: momentOf(step).at.getTime() / 1_000 });
  assert.deepEqual(found["validation/loss"], {
    plugin: "scalars",
    values: [5, 70_000].map((step) => ({ ...at(step), value: 0.75 })),
  });
  assert.deepEqual(found["train/loss"], { plugin: "scalars", values: [{ ...at(5), value: "inf" }] });
  assert.deepEqual(found["block1_conv1/kernel"], {
    plugin: "histograms",
    values: [
      {
        ...at(5),
        value: [
          [-1.5, -0.5, 1],
          [-0.5, 0.5, 2],
          [0.5, 1.5, 3],
          [1.5, 2.5, 4],
        ],
      },
    ],
  });
  assert.deepEqual(found["pictures/0"], {
    plugin: "images",
    values: [{ ...at(5), value: [64, 64, "0001020304050607"] }],
  });
});

interface TagFound {
  readonly plugin: string;
  readonly values: readonly { readonly step: number; readonly wallTime: number; readonly value: unknown }[];
}
