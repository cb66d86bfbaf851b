import { startEmbeddedPostgres } from "../../src/db/embedded/embedded-postgres.js";
import { createLog } from "../../src/telemetry/log.js";
import type { Measurement } from "../benchmark.js";
import { WorkFolder } from "../server/work-folder.js";
import { measureStore, type StoreOptions } from "../store/store.js";
import type { StoreFigures } from "./peer-output.js";
import { PeerRunner, type PeerRunnerOptions } from "./peer-runner.js";
import { STORE_PEERS } from "./peer-scripts.js";
import { peerSettings } from "./peer-settings.js";
import { type ComparedFigure, compareRounds, takeTurns } from "./rounds.js";

const FIGURES = [
  "searchP50Ms",
  "searchP95Ms",
  "compareP50Ms",
  "compareP95Ms",
  "batchP50Ms",
  "batchP95Ms",
  "pointsPerSecond",
] as const;

const COMPARED = FIGURES.map((name): ComparedFigure<Measurement, StoreFigures> => {
  const figure = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return {
    ratio: `${name}Vs`,
    figure,
    ofProduct: ({ figures }) => figures[name] ?? Number.NaN,
    ofPeer: (figures) => figures[name],
  };
});

/**
 * Compares searches, comparisons and writes of metrics among many runs. Product and peer each have a PostgreSQL of their
 * own with the same settings. There is one round, since filling the peer's database takes most of the time.
 */
export async function compareStore(
  storeOptions: StoreOptions,
  options: PeerRunnerOptions,
): Promise<Measurement> {
  await using work = await WorkFolder.create();
  await using postgres = await startEmbeddedPostgres(work.databaseFolder, createLog("warn"));
  const runner = new PeerRunner(options);
  const done = await takeTurns(
    1,
    () => measureStore(storeOptions, options.context),
    STORE_PEERS,
    { databaseUrl: postgres.url, ...storeOptions },
    runner,
  );
  const { runs, pointsPerRun, calls } = storeOptions;
  const names = STORE_PEERS.map(({ name }) => name);
  return {
    figures: compareRounds(done, names, COMPARED),
    settings: { runs, pointsPerRun, calls, ...peerSettings(done, runner) },
  };
}
