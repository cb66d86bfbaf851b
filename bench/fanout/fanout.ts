import { type Options, positiveNumber, wholeNumber } from "../../src/client/options.js";
import { Database } from "../../src/db/database.js";
import { startEmbeddedPostgres } from "../../src/db/embedded/embedded-postgres.js";
import { createLog } from "../../src/telemetry/log.js";
import { type BenchContext, type Benchmark, benchmark, type Measurement } from "../benchmark.js";
import { rounded } from "../figures/rounded.js";
import type { MeasuredServer } from "../server/measured-server.js";
import { WorkFolder } from "../server/work-folder.js";
import { FollowedRun } from "./followed-run.js";
import { Subscribers } from "./subscribers.js";

const OPTIONS = {
  subscribers: wholeNumber("WebSockets that follow the run", { minimum: 1, otherwise: 1_000 }),
  rate: positiveNumber("events written per second", 10),
  seconds: positiveNumber("seconds in which events are written", 60),
} as const;

type FanoutOptions = Options<typeof OPTIONS>;

/** Measures how many events reach the subscribers of a run, and how soon. */
export const fanout: Benchmark = benchmark(
  "fanout",
  "delay and loss of events: 1,000 subscribers of one run at 10 events/s for a minute",
  OPTIONS,
  async (options, context) => {
    await using work = await WorkFolder.create();
    await using postgres = await startEmbeddedPostgres(work.databaseFolder, createLog("warn"));
    const measure = (server: MeasuredServer) => measureFanout(server, postgres.url, options, context);
    return await work.serve(context, measure, postgres.url);
  },
);

async function measureFanout(
  server: MeasuredServer,
  databaseUrl: string,
  { subscribers: count, rate, seconds }: FanoutOptions,
  { report, signal }: BenchContext,
): Promise<Measurement> {
  await using database = await Database.open(databaseUrl, createLog("warn"));
  const run = await FollowedRun.insert(database);
  report(`connecting ${count} subscribers`);
  const { url, token } = server;
  await using subscribers = await Subscribers.connect({ url, token, runId: run.id }, count, signal);

  report(`writing ${rate} events/s for ${seconds} s`);
  const before = await server.usage();
  const written = await run.write({ eventsPerSecond: rate, seconds }, signal);
  const after = await server.usage();
  const received = await subscribers.finish(written.lastSequence, signal);
  const { lost, doubled, disordered, disconnected } = received;
  return {
    figures: {
      subscribers: count,
      lost,
      doubled,
      disordered,
      disconnected,
      p50Ms: received.p50Ms,
      p95Ms: received.p95Ms,
      p99Ms: received.p99Ms,
      maxMs: received.maxMs,
      events: written.events,
      eventsPerSecond: rounded(written.events / written.seconds),
      receivedPerSecond: rounded(received.received / written.seconds),
      serverCpuSecondsPerSecond: rounded((after.cpuSeconds - before.cpuSeconds) / written.seconds),
      serverResidentBytes: after.residentBytes,
    },
    settings: { rate, seconds },
  };
}
