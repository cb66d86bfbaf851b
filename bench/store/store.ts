import path from "node:path";
import pg from "pg";
import { type Options, wholeNumber } from "../../src/client/options.js";
import { Database } from "../../src/db/database.js";
import { startEmbeddedPostgres } from "../../src/db/embedded/embedded-postgres.js";
import { applyMigrations } from "../../src/db/migrations/apply-migrations.js";
import { OwnedResources } from "../../src/lang/owned-resources.js";
import { createLog } from "../../src/telemetry/log.js";
import { type BenchContext, type Benchmark, benchmark, type Measurement } from "../benchmark.js";
import { MeasuredServer } from "../server/measured-server.js";
import { WorkFolder } from "../server/work-folder.js";
import { fillDatabase } from "./fill-database.js";
import { BATCH_KEY } from "./filled-runs.js";
import { measureHistory, measureReads } from "./measure-reads.js";
import type { Times } from "./timed.js";
import { BATCH_POINTS, BatchWriter, WRITING_RUNS } from "./write-batches.js";

const OPTIONS = {
  runs: wholeNumber("runs that have ended", { minimum: 20, otherwise: 20_000 }),
  pointsPerRun: wholeNumber("metric points per run", { minimum: 20, otherwise: 500 }),
  calls: wholeNumber("calls per measured time", { minimum: 5, otherwise: 200 }),
  seconds: wholeNumber("seconds in which points are written without a pause", { minimum: 1, otherwise: 20 }),
} as const;

/** Measures lists, comparisons and batches of points in a database with years of a team's training. */
export const store: Benchmark = benchmark(
  "store",
  "lists, comparisons and writes of metrics among many runs",
  OPTIONS,
  measureStore,
);

export type StoreOptions = Options<typeof OPTIONS>;

export async function measureStore(options: StoreOptions, context: BenchContext): Promise<Measurement> {
  const { report } = context;
  await using resources = new OwnedResources();
  const work = resources.own(await WorkFolder.create());
  const { homeFolder, imagesFolder } = work;
  const log = createLog("warn");
  // The server would start the same database itself. It is started here so that runs can be written into it.
  const postgres = resources.own(await startEmbeddedPostgres(path.join(homeFolder, "postgres"), log));
  const databaseUrl = postgres.url;
  await applyMigrations(databaseUrl, log);
  report(`writing ${options.runs} runs with ${options.pointsPerRun} points each`);
  const filled = await fill(databaseUrl, options, context);
  report(`wrote ${filled.points} points in ${Math.round(filled.seconds)} s`);

  const database = resources.own(await Database.open(databaseUrl, log));
  const writer = new BatchWriter(database);
  const serverOptions = { homeFolder, imagesFolder, context, databaseUrl };
  const server = resources.own(await MeasuredServer.start(serverOptions));
  // Awaited here because the server stops when this function ends.
  return await server.during(measure(server));

  async function measure({ api }: MeasuredServer): Promise<Measurement> {
    const reads = await measureReads(api, filled.runIds, options.calls, context);
    const writing = await writer.putToWork(filled.runIds.slice(0, WRITING_RUNS));
    const [runId = ""] = writing;
    const batch = await writer.time(options.calls, runId, context);
    report(`a batch of ${BATCH_POINTS} points takes ${batch.p50} ms, p95 ${batch.p95} ms`);
    const pointsPerSecond = await writer.sustain(writing, options.seconds, context);
    report(`${Math.round(pointsPerSecond)} points a second`);
    await writer.check(writing);
    const history = await measureHistory(api, runId, BATCH_KEY, options.calls / 5, context);
    const others = [...reads.others.values()].map(({ p95 }) => p95);
    return {
      figures: {
        runs: filled.runIds.length,
        points: filled.points,
        ...figures("search", reads.search),
        ...figures("laterPage", reads.laterPage),
        slowestOtherSearchP95Ms: Math.max(...others),
        ...figures("batch", batch),
        pointsPerSecond: Math.round(pointsPerSecond),
        ...figures("compare", reads.compare),
        ...figures("history", history.times),
        historyPoints: history.points,
        fillSeconds: Math.round(filled.seconds),
      },
      settings: { calls: options.calls, writeSeconds: options.seconds, writingRuns: writing.length },
    };
  }
}

function figures(name: string, { p50, p95 }: Times): Record<string, number> {
  return { [`${name}P50Ms`]: p50, [`${name}P95Ms`]: p95 };
}

async function fill(url: string, options: StoreOptions, context: BenchContext) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await fillDatabase(client, options.runs, options.pointsPerRun, context);
  } finally {
    await client.end();
  }
}
