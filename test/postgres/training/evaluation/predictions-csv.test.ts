import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { FolderBlobStore } from "../../../../src/data/blobs/folder-blob-store.js";
import { OwnedResources } from "../../../../src/lang/owned-resources.js";
import type { Predictions } from "../../../../src/training/evaluation/predictions.js";
import { PredictionsCsv } from "../../../../src/training/evaluation/predictions-csv.js";
import { PredictionsKeeper } from "../../../../src/training/evaluation/predictions-keeper.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";
import { finishEpoch, insertVersion, openTraining, startNext } from "../training-stores.js";

/** Names with everything that CSV gives a meaning to, and what a spreadsheet would compute. */
const CLASSES = ["a,b", 'the "best"', "two\nlines", "=1+1", "größer 🌸", "-2", " spaced "];
const SOURCES = ["a/1.png", "b,c/2.png", 'd"e/3.png', "=cmd()/4.png", "f\r\ng/5.png"];

test("predictions become CSV that a strict reader reads back, with every name as it is", async () => {
  await using world = await openPredictions(CLASSES);
  const read = await world.csvOf(predictionsOf(SOURCES.length, CLASSES.length));
  const [header, ...records] = parseCsv(read);
  assert.deepEqual(header, [
    ...[
      "sample",
      "label",
      "class_1",
      "probability_1",
      "class_2",
      "probability_2",
      "class_3",
      "probability_3",
    ],
    ...["class_4", "probability_4", "class_5", "probability_5"],
  ]);
  assert.deepEqual(
    records.map(([sample, label]) => [sample, label]),
    SOURCES.map((source, sample) => [source, CLASSES[sample]]),
  );
  assert.deepEqual(
    records[3]?.slice(2).filter((_field, index) => index % 2 === 0),
    [3, 4, 5, 6, 0].map((index) => CLASSES[index]),
  );
  assert.deepEqual(
    records.map((record) => [record[3], record[5]]),
    SOURCES.map((_source, sample) => (sample === 1 ? ["NaN", "0.1"] : ["0.3", "0.1"])),
  );
  for (const record of records) assert.equal(record.length, 12);
});

test("classes that a small dataset lacks are empty fields, and a replaced evaluation is not found", async () => {
  await using world = await openPredictions(["daisy", "rose"]);
  const [, first] = parseCsv(await world.csvOf(predictionsOf(2, 2)));
  assert.deepEqual(first, ["a/1.png", "daisy", "daisy", "0.3", "rose", "0.1", "", "", "", "", "", ""]);
  for (const [runId, sha256] of [
    [world.runId, "0".repeat(64)],
    [world.runId, "../../secret"],
    ["run_00000000000000000000000000", world.sha256()],
    [`${world.runId}\0`, world.sha256()],
  ] as const) {
    await assert.rejects(world.csv.open(runId, sha256), { code: "ARTIFACT_NOT_FOUND" });
  }
});

/** A run on samples with the names above, one per class in turn. */
async function openPredictions(classNames: readonly string[]) {
  await using opening = new OwnedResources();
  const { folder } = opening.own(await temporaryFolder());
  const training = opening.own(await openTraining());
  const blobs = new FolderBlobStore(folder);
  const splits = [...SOURCES.map(() => "VALIDATION" as const), "TRAIN" as const];
  await insertVersion(training.database, { classNames, splits, sourceNames: SOURCES });
  const { id: runId } = await training.launch();
  const attempt = await startNext(training);
  const csv = new PredictionsCsv(training.evaluations, training.datasets, blobs);
  const owned = opening.move();
  let sha256 = "";
  return {
    runId,
    csv,
    sha256: () => sha256,
    async csvOf(predictions: Predictions): Promise<string> {
      const checkpoint = { split: "VALIDATION", epoch: 1, checkpointSha256: "1" } as const;
      const evaluation = await new PredictionsKeeper(blobs).keep(
        { ...checkpoint, classCount: classNames.length },
        predictions,
      );
      await finishEpoch(training, attempt, { number: 1 }, true, { evaluation, artifacts: [] });
      sha256 = evaluation.predictionsSha256;
      const { fileName, parts } = await csv.open(runId, sha256);
      assert.equal(fileName, "predictions-validation.csv");
      return text(Readable.from(parts));
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

/** Sample number n has the class n and is predicted to be of it, then of the next ones. */
function predictionsOf(sampleCount: number, classCount: number): Predictions {
  const ranks = Math.min(5, classCount);
  const places = Array.from({ length: sampleCount * ranks }, (_place, index) => index);
  const ranked = places.map((place) => (Math.floor(place / ranks) + (place % ranks)) % classCount);
  return {
    sampleCount,
    ranks,
    positions: Int32Array.from({ length: sampleCount }, (_position, sample) => sample),
    labels: Int32Array.from({ length: sampleCount }, (_label, sample) => sample % classCount),
    losses: new Float32Array(sampleCount).fill(0.5),
    ranked: Int32Array.from(ranked),
    probabilities: Float32Array.from(places, (place) => {
      if (place === ranks && sampleCount > 2) return Number.NaN;
      return place % ranks === 0 ? 0.3 : 0.1;
    }),
  };
}

/** Reads CSV strictly as RFC 4180 defines it. */
function parseCsv(csv: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  while (field.lastIndex < csv.length) {
    const match = field.exec(csv);
    assert.ok(match, "every field is quoted or has neither quotes, commas nor line breaks");
    record.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === "\r\n") {
      records.push(record);
      record = [];
    }
  }
  assert.deepEqual(record, [], "the last line has an end");
  return records;
}
