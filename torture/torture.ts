import type { BenchContext } from "../bench/benchmark.js";
import { ClientError } from "../src/client/client-error.js";
import { type ImportedVersion, importDataset } from "../src/client/import-dataset.js";
import { compareRuns } from "./compare/compare-runs.js";
import { countDifferences, type Difference } from "./compare/difference.js";
import { EPOCHS } from "./configuration.js";
import type { RunEvidence } from "./evidence/run-evidence.js";
import { disturbImport } from "./faults/disturb-import.js";
import { planFaults } from "./faults/fault-plan.js";
import { chooseSmallSet } from "./images.js";
import type { TortureReport } from "./report.js";
import { paceOf, trainRun } from "./train-run.js";
import { TortureWorld } from "./world/torture-world.js";

/** With more faults a run would hardly train. */
const KILLS_PER_RUN = 5;
const DATABASE_FAULTS_PER_RUN = 3;
/** Runs in a row that may end before any fault. */
const MAX_UNDISTURBED_RUNS = 3;
/** One at the end of each epoch, and another one inside most epochs: then faults can wait for those. */
const CHECKPOINTS_PER_EPOCH = 1.5;
const SPLIT = { validation: 0.2, test: 0.1, seed: 0 } as const;
const DATASET = "torture";

export interface Torture {
  readonly kills: number;
  readonly postgresRestarts: number;
  readonly failovers: number;
  readonly deadlocks: number;
  readonly importRestarts: number;
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
  { kills, postgresRestarts, failovers, deadlocks, importRestarts, seed, dataFile }: Torture,
  context: BenchContext,
): Promise<TortureReport> {
  const startedMs = performance.now();
  const { report, signal } = context;
  await using world = await TortureWorld.open(report);
  signal.throwIfAborted();
  const { folder, version } = await startWithImages(world, dataFile, context);
  const { ref: dataset } = version;
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
  const total = { identical: 0, runs: 0, identicalRuns: 0 };
  const done = { kills: 0, postgresRestarts: 0, failovers: 0, deadlocks: 0 };
  const isLeft = (): boolean =>
    done.kills < kills ||
    done.postgresRestarts < postgresRestarts ||
    done.failovers < failovers ||
    done.deadlocks < deadlocks;
  for (let untouched = 0; isLeft(); ) {
    total.runs += 1;
    const runsLeft = Math.max(1, Math.ceil((kills - done.kills) / KILLS_PER_RUN));
    const share = (left: number): number =>
      Math.min(Math.ceil(Math.max(0, left) / runsLeft), DATABASE_FAULTS_PER_RUN);
    const wanted = {
      kills: Math.max(0, Math.min(kills - done.kills, KILLS_PER_RUN)),
      postgresRestarts: share(postgresRestarts - done.postgresRestarts),
      failovers: share(failovers - done.failovers),
      deadlocks: share(deadlocks - done.deadlocks),
    };
    const faults = planFaults({ seed, run: total.runs, epochs: EPOCHS, savesInside, ...wanted });
    const run = await trainRun(world, { name: `run ${total.runs}`, dataset, faults, pace }, context);
    const found = compareRuns(reference.evidence, run.evidence);
    reportOutcome(run.evidence.name, found, report);
    differences.push(...found);
    const { SERVER, POSTGRES, FAILOVER, DEADLOCK } = run.injected;
    done.kills += SERVER;
    done.postgresRestarts += POSTGRES;
    done.failovers += FAILOVER;
    done.deadlocks += DEADLOCK;
    if (found.length === 0) {
      total.identical += SERVER;
      total.identicalRuns += 1;
    }
    untouched = SERVER + POSTGRES + FAILOVER + DEADLOCK === 0 ? untouched + 1 : 0;
    if (untouched === MAX_UNDISTURBED_RUNS) throw runsTooShort();
  }
  const importing = { folder, version, restarts: importRestarts };
  const { identicalImports, found } = await disturbImports(world, importing, context);
  differences.push(...found);
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
  const counts = { ...done, ...total, importRestarts, identicalImports };
  return { ...counts, ...countDifferences(differences), differences: differences.length, seed, seconds };
}

interface Importing {
  /** The images, and the version that an undisturbed import made of them. */
  readonly folder: string;
  readonly version: ImportedVersion;
  readonly restarts: number;
}

/** Imports the images repeatedly while PostgreSQL is killed, and compares the versions with the undisturbed one. */
async function disturbImports(
  world: TortureWorld,
  { folder, version, restarts }: Importing,
  context: BenchContext,
): Promise<{ identicalImports: number; found: readonly Difference[] }> {
  const found: Difference[] = [];
  for (let restart = 1; restart <= restarts; restart++) {
    const whileWriting = restart % 2 === 0;
    const moment = whileWriting ? "while rows were written" : "while images were read";
    const input = { dataset: `${DATASET}-${restart}`, source: { folder }, split: SPLIT, whileWriting };
    const { hash, sampleCount } = await disturbImport(world, input, context);
    const isIdentical = hash === version.hash && sampleCount === version.sampleCount;
    context.report(
      `import ${restart}: killed PostgreSQL ${moment}; ${isIdentical ? "identical" : "differs"}`,
    );
    if (!isIdentical) {
      const words = `import ${restart}: expected ${version.sampleCount} images with hash ${version.hash}, found ${sampleCount} with ${hash}`;
      found.push({ kind: "OTHER", words });
    }
  }
  return { identicalImports: restarts - found.length, found };
}

/** Starts the server and imports the images. @returns their folder and the version of the dataset */
async function startWithImages(
  world: TortureWorld,
  dataFile: string | null,
  context: BenchContext,
): Promise<Pick<Importing, "folder" | "version">> {
  const folder = await chooseSmallSet(dataFile, world.imagesFolder, context);
  const api = await world.start(context.signal);
  const version = await importDataset(api, { dataset: DATASET, source: { folder }, split: SPLIT });
  context.report(`${version.ref}: ${version.sampleCount} images`);
  return { folder, version };
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
