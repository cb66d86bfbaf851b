import type { BenchContext } from "../bench/benchmark.js";
import { ClientError } from "../src/client/client-error.js";
import { importDataset } from "../src/client/import-dataset.js";
import { compareRuns } from "./compare/compare-runs.js";
import { countDifferences, type Difference } from "./compare/difference.js";
import { EPOCHS } from "./configuration.js";
import type { RunEvidence } from "./evidence/run-evidence.js";
import { planFaults } from "./faults/fault-plan.js";
import { chooseSmallSet } from "./images.js";
import type { TortureReport } from "./report.js";
import { paceOf, trainRun } from "./train-run.js";
import { TortureWorld } from "./world/torture-world.js";

/** With more faults a run would hardly train. */
const KILLS_PER_RUN = 5;
const POSTGRES_RESTARTS_PER_RUN = 3;
/** Runs in a row that may end before any fault. */
const MAX_UNDISTURBED_RUNS = 3;
/** One at the end of each epoch, and another one inside most epochs: then faults can wait for those. */
const CHECKPOINTS_PER_EPOCH = 1.5;
const SPLIT = { validation: 0.2, test: 0.1, seed: 0 } as const;
const DATASET = "torture";

export interface Torture {
  readonly kills: number;
  readonly postgresRestarts: number;
  readonly seed: number;
  /** An archive of class folders; null draws flowers. */
  readonly dataFile: string | null;
}

/**
 * Trains an undisturbed run, then trains the same run repeatedly with faults until there were enough of them, and counts
 * every difference.
 *
 * @throws ClientError `RUN_STALLED`, `SERVER_ENDED`, `IMAGES_TOO_FEW`, `RUN_UNTOUCHED`, `REFERENCE_FAILED`; the signal's reason
 */
export async function torture(
  { kills, postgresRestarts, seed, dataFile }: Torture,
  context: BenchContext,
): Promise<TortureReport> {
  const startedMs = performance.now();
  const { report, signal } = context;
  await using world = await TortureWorld.open(report);
  signal.throwIfAborted();
  const dataset = await startWithImages(world, dataFile, context);
  const reference = await trainRun(
    world,
    { name: "the reference", dataset, faults: [], pace: null },
    context,
  );
  if (reference.evidence.state !== "SUCCEEDED") throw referenceFailed(reference.evidence);
  const pace = paceOf(reference.evidence, world.startingMs);
  const saved = reference.evidence.events.filter(({ __typename }) => __typename === "CheckpointSaved").length;
  report(`the reference: ${EPOCHS} epochs of ${Math.round(pace.epochMs)} ms, ${saved} checkpoints`);
  const savesInside = saved >= CHECKPOINTS_PER_EPOCH * EPOCHS;
  if (!savesInside)
    report("epochs are too short here for checkpoints inside them, so no fault waits for one");

  // The reference is compared with itself too, which finds doubled and disordered entries.
  const differences = [...compareRuns(reference.evidence, reference.evidence)];
  const total = { kills: 0, identical: 0, postgresRestarts: 0, runs: 0, identicalRuns: 0 };
  const left = { kills, postgresRestarts };
  for (let untouched = 0; left.kills > 0 || left.postgresRestarts > 0; ) {
    total.runs += 1;
    const runsLeft = Math.max(1, Math.ceil(left.kills / KILLS_PER_RUN));
    const wanted = {
      kills: Math.min(left.kills, KILLS_PER_RUN),
      postgresRestarts: Math.min(Math.ceil(left.postgresRestarts / runsLeft), POSTGRES_RESTARTS_PER_RUN),
    };
    const faults = planFaults({ seed, run: total.runs, epochs: EPOCHS, savesInside, ...wanted });
    const run = await trainRun(world, { name: `run ${total.runs}`, dataset, faults, pace }, context);
    const found = compareRuns(reference.evidence, run.evidence);
    reportOutcome(run.evidence.name, found, report);
    differences.push(...found);
    total.kills += run.kills;
    total.postgresRestarts += run.postgresRestarts;
    if (found.length === 0) {
      total.identical += run.kills;
      total.identicalRuns += 1;
    }
    left.kills -= run.kills;
    left.postgresRestarts -= run.postgresRestarts;
    untouched = run.kills + run.postgresRestarts === 0 ? untouched + 1 : 0;
    if (untouched === MAX_UNDISTURBED_RUNS) throw runsTooShort();
  }
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
  return { ...total, ...countDifferences(differences), differences: differences.length, seed, seconds };
}

/** Starts the server and imports the images. @returns the version of the dataset */
async function startWithImages(
  world: TortureWorld,
  dataFile: string | null,
  context: BenchContext,
): Promise<string> {
  const folder = await chooseSmallSet(dataFile, world.imagesFolder, context);
  const api = await world.start(context.signal);
  const { ref, sampleCount } = await importDataset(api, {
    dataset: DATASET,
    source: { folder },
    split: SPLIT,
  });
  context.report(`${ref}: ${sampleCount} images`);
  return ref;
}

function reportOutcome(name: string, found: readonly Difference[], report: (line: string) => void): void {
  report(`${name}: ${found.length === 0 ? "identical" : `${found.length} differences`}`);
  for (const { words } of found) report(`  ${words}`);
}

function referenceFailed({ state, endReason, endDetail }: RunEvidence): ClientError {
  return new ClientError(
    "REFERENCE_FAILED",
    `Expected the undisturbed run to succeed. It ended ${state} (${endReason}): ${endDetail}`,
  );
}

function runsTooShort(): ClientError {
  return new ClientError(
    "RUN_UNTOUCHED",
    `Expected runs to last until their first fault. ${MAX_UNDISTURBED_RUNS} in a row ended before.`,
  );
}
