import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compareRuns } from "../../../torture/compare/compare-runs.js";
import { countDifferences } from "../../../torture/compare/difference.js";
import type { RunEvidence } from "../../../torture/evidence/run-evidence.js";
import { checkpoint, eventsOf, evidenceOf, numbered, state, type Unnumbered } from "./run-evidence.js";

const NOTHING = { metricsLost: 0, metricsDoubled: 0, eventsLost: 0, eventsDoubled: 0, eventsOutOfOrder: 0 };

/** Compares a run that differs from the reference in the given parts. */
function compare(changed: Partial<RunEvidence>) {
  const differences = compareRuns(evidenceOf("the reference"), { ...evidenceOf("run 3"), ...changed });
  return { words: differences.map(({ words }) => words), counts: countDifferences(differences) };
}

/** The given events, both in the list and for the subscriber. */
function withEvents(events: readonly Unnumbered[]): Partial<RunEvidence> {
  const placed = numbered(events);
  return { events: placed, followed: placed };
}

const EVENTS: readonly Unnumbered[] = eventsOf();

/** The events of the reference, with one of them replaced. */
function replaced(index: number, ...others: readonly Unnumbered[]): readonly Unnumbered[] {
  return EVENTS.toSpliced(index, 1, ...others);
}

describe("a killed run counts as identical", () => {
  test("when its results are the same", () => {
    assert.deepEqual(compare({}), { words: [], counts: NOTHING });
  });

  test("when it also has interruptions and checkpoints inside epochs", () => {
    const inside = {
      __typename: "CheckpointSaved",
      checkpoint: { ...checkpoint(2, false), step: 3 },
    } as const;
    const interrupted = [state("RUNNING", "INTERRUPTED"), state("INTERRUPTED", "QUEUED")];
    const again = [state("QUEUED", "PREPARING"), state("PREPARING", "RUNNING")];
    const events = EVENTS.toSpliced(5, 0, inside, ...interrupted, ...again);
    assert.deepEqual(compare(withEvents(events)), { words: [], counts: NOTHING });
  });

  test("when only its speed differs", () => {
    const metrics = new Map(evidenceOf("run 3").metrics);
    metrics.set(
      "images_per_second",
      [2, 4, 6].map((step) => ({ step, value: "3.25" })),
    );
    assert.deepEqual(compare({ metrics }).words, []);
  });

  test("when there are other checkpoints besides the last and the best", () => {
    const { checkpoints } = evidenceOf("run 3");
    const inside = { ...checkpoint(3, false), step: 5, sha256: "digest-inside" };
    const checkpointFolders = new Map([
      ...evidenceOf("run 3").checkpointFolders,
      ["step-5", "digest-inside"],
    ]);
    assert.deepEqual(compare({ checkpoints: [...checkpoints, inside], checkpointFolders }).words, []);
  });
});

describe("a difference of the weights is reported", () => {
  test("when the last checkpoint has another digest", () => {
    const other = { ...checkpoint(3, false), sha256: "another" };
    const { words } = compare({
      checkpoints: [checkpoint(2, true), other],
      checkpointFolders: new Map([
        ["epoch-2", "digest-2"],
        ["epoch-3", "another"],
      ]),
    });
    assert.equal(words.length, 1);
    assert.match(
      words[0] ?? "",
      /^run 3 \(run_1\): checkpoint, last: expected .*digest-3.*, found .*another/,
    );
  });

  test("when the best checkpoint is of another epoch", () => {
    const { words } = compare({ checkpoints: [checkpoint(2, false), checkpoint(3, true)] });
    assert.match(words.join("\n"), /checkpoint, best: expected .*"epoch":2.*, found .*"epoch":3/);
  });

  test("when the files of a checkpoint have another digest", () => {
    const { words } = compare({ checkpointFolders: new Map([["epoch-2", "digest-2"]]) });
    assert.match(words.join("\n"), /no checkpoint folder of epoch 3 has the digest digest-3/);
  });

  test("when there is an incomplete folder", () => {
    const checkpointFolders = new Map([...evidenceOf("run 3").checkpointFolders, [".tmp-epoch-3-x", "half"]]);
    assert.match(
      compare({ checkpointFolders }).words.join("\n"),
      /the folder \.tmp-epoch-3-x belongs to no checkpoint/,
    );
  });
});

describe("a difference of a metric is reported and counted", () => {
  const points = [
    { step: 2, value: "1" },
    { step: 4, value: "0.5" },
    { step: 6, value: String(1 / 3) },
  ];
  const withLoss = (loss: typeof points) =>
    compare({ metrics: new Map([...evidenceOf("run 3").metrics, ["train.loss", loss]]) });

  test("when a value differs in its last bit", () => {
    const { words, counts } = withLoss(points.with(1, { step: 4, value: "0.5000000000000001" }));
    assert.deepEqual(words, [
      "run 3 (run_1): metric train.loss, step 4 expected 0.5, found 0.5000000000000001",
    ]);
    assert.deepEqual(counts, { ...NOTHING, metricsLost: 1 });
  });

  test("when a point is missing", () => {
    const { words, counts } = withLoss(points.toSpliced(1, 1));
    assert.deepEqual(words, ["run 3 (run_1): metric train.loss, step 4 is missing"]);
    assert.deepEqual(counts, { ...NOTHING, metricsLost: 1 });
  });

  test("when a point is there twice", () => {
    const { words, counts } = withLoss([...points, { step: 6, value: "0.1" }]);
    assert.deepEqual(words, ["run 3 (run_1): metric train.loss, step 6 is there more than once"]);
    assert.deepEqual(counts, { ...NOTHING, metricsDoubled: 1 });
  });

  test("when a point remains from before a kill", () => {
    const { counts } = withLoss([...points, { step: 7, value: "0.1" }]);
    assert.deepEqual(counts, { ...NOTHING, metricsDoubled: 1 });
  });

  test("when all of its points are missing", () => {
    const { counts } = compare({ metrics: new Map() });
    assert.deepEqual(counts, { ...NOTHING, metricsLost: 6 });
  });
});

describe("a difference of an event is reported and counted", () => {
  test("when one is lost", () => {
    const { words, counts } = compare(withEvents(replaced(5)));
    assert.deepEqual(words, ["run 3 (run_1): events: EpochCompleted of epoch 2 is missing"]);
    assert.deepEqual(counts, { ...NOTHING, eventsLost: 1 });
  });

  test("when a sequence is left out", () => {
    const events = eventsOf().map((event) =>
      event.sequence < 9 ? event : { ...event, sequence: event.sequence + 2 },
    );
    const { words, counts } = compare({ events, followed: events });
    assert.deepEqual(
      words,
      [9, 10].map((gap) => `run 3 (run_1): events: sequence ${gap} is missing`),
    );
    assert.deepEqual(counts, { ...NOTHING, eventsLost: 2 });
  });

  test("when one arrives twice", () => {
    const { words, counts } = compare(withEvents(EVENTS.toSpliced(5, 0, EVENTS[3]!)));
    assert.deepEqual(words, ["run 3 (run_1): events: EpochCompleted of epoch 1 is there more than once"]);
    assert.deepEqual(counts, { ...NOTHING, eventsDoubled: 1 });
  });

  test("when two change places", () => {
    const { words, counts } = compare(withEvents(EVENTS.with(3, EVENTS[4]!).with(4, EVENTS[3]!)));
    assert.equal(words.length, 1);
    assert.match(
      words[0] ?? "",
      /EpochCompleted of epoch 1 comes after CheckpointSaved at the end of epoch 1/,
    );
    assert.deepEqual(counts, { ...NOTHING, eventsOutOfOrder: 1 });
  });

  test("when the figures of an epoch differ", () => {
    const { words, counts } = compare(
      withEvents(replaced(3, { ...EVENTS[3]!, improved: false } as Unnumbered)),
    );
    assert.match(
      words.join("\n"),
      /EpochCompleted of epoch 1 expected .*"improved":true.*, found .*"improved":false/,
    );
    assert.deepEqual(counts, { ...NOTHING, eventsLost: 1 });
  });

  test("when a change of state does not start from the last state", () => {
    const { words, counts } = compare(withEvents(replaced(1)));
    assert.match(
      words.join("\n"),
      /sequence 2: expected a change from QUEUED, found one from PREPARING to RUNNING/,
    );
    assert.deepEqual(counts, { ...NOTHING, eventsLost: 1 });
  });

  test("when a disconnected subscriber missed one, received one twice or out of order", () => {
    const followed = eventsOf();
    assert.deepEqual(compare({ followed: followed.toSpliced(4, 1) }).counts, { ...NOTHING, eventsLost: 1 });
    assert.deepEqual(compare({ followed: followed.toSpliced(4, 0, followed[2]!) }).counts, {
      ...NOTHING,
      eventsDoubled: 1,
    });
    const { words, counts } = compare({ followed: followed.with(4, followed[5]!).with(5, followed[4]!) });
    assert.deepEqual(words, ["run 3 (run_1): a subscriber's events: sequence 5 comes after sequence 6"]);
    assert.deepEqual(counts, { ...NOTHING, eventsOutOfOrder: 1 });
  });
});

test("differences of the end, epochs, evaluations and files are reported", () => {
  const [evaluation] = evidenceOf("run 3").evaluations;
  const changes: readonly [Partial<RunEvidence>, RegExp][] = [
    [{ endReason: "EARLY_STOPPED" }, /end reason: expected COMPLETED, found EARLY_STOPPED/],
    [{ epochs: [] }, /epoch 2: is missing/],
    [
      { evaluations: [{ ...evaluation!, top1: 1 }] },
      /evaluation TEST: expected .*"top1":0\.5.*, found .*"top1":1/,
    ],
    [
      { artifacts: new Map([["predictions-test.npy", "other"]]) },
      /file predictions-test\.npy: expected digest-of/,
    ],
    [{ tensorboard: [] }, /TensorBoard record train\/loss at step 4: is missing/],
    [{ summaries: [] }, /last and best of metric train\.loss: is missing/],
  ];
  for (const [changed, expected] of changes) {
    const { words, counts } = compare(changed);
    assert.match(words.join("\n"), expected);
    assert.deepEqual(counts, NOTHING);
  }
});
