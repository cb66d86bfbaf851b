import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { drawArchive } from "../../demo/images.js";
import { importImages } from "../../demo/import-images.js";
import { startEspalier } from "../../src/app/espalier.js";
import { ApiClient } from "../../src/client/api-client.js";
import { graphql } from "../../src/client/generated/gql.js";
import type { RunConfigurationInput } from "../../src/client/generated/graphql.js";
import { launchRun } from "../../src/client/launch-run.js";
import { Terminal } from "../../src/client/terminal.js";
import { parseConfig } from "../../src/core/config.js";
import { OwnedResources } from "../../src/lang/owned-resources.js";
import { createLog } from "../../src/telemetry/log.js";
import { type BenchContext, type Benchmark, benchmark, type Measurement } from "../benchmark.js";
import { percentile } from "../figures/percentile.js";
import { followRun, precisionOf } from "../runs/follow-run.js";
import { PauseMonitor } from "./pause-monitor.js";

/**
 * The recipe's network, in the fastest precision. Its steps are short, so messages, events and metrics arrive at their
 * highest rate.
 */
const CONFIGURATION = {
  architecture: "VGG13",
  batchNormalization: true,
  widthMultiplier: 0.25,
  imageSizePixels: 64,
  head: { kind: "GLOBAL_AVERAGE_POOLING" },
  batchSize: 64,
  epochs: 12,
} as const satisfies RunConfigurationInput;

const SYSTEM = graphql(`query BenchSystem {
  system { version tensorflowVersion devices { kind } engine { threads } }
}`);

/** Measures the pauses of the server's event loop while a run trains, and the latency of queries during that time. */
export const eventLoop: Benchmark = benchmark(
  "eventloop",
  "longest pause of the server's event loop while a run trains",
  {},
  (_options, context) => measureEventLoop(context),
);

async function measureEventLoop(context: BenchContext): Promise<Measurement> {
  const { report } = context;
  await using resources = new OwnedResources();
  const home = await mkdtemp(path.join(tmpdir(), "espalier-bench-"));
  resources.defer(() => rm(home, { recursive: true, force: true }));
  const config = parseConfig({ ...process.env, ESPALIER_HOME: home, ESPALIER_PORT: "0" });
  const espalier = resources.own(await startEspalier(config, { log: createLog("warn"), progress: report }));
  const api = resources.own(new ApiClient(espalier.url, espalier.adminToken.secret));

  report("drawing and importing images");
  const archive = await drawArchive(() => {});
  const { ref } = await importImages(api, new Terminal(process.stderr), "flowers", archive);
  const input = { experiment: "event-loop", dataset: ref, configuration: CONFIGURATION };
  const runId = await launchRun(api, input);

  const monitor = resources.own(await PauseMonitor.open());
  const latenciesMs: number[] = [];
  let training = false;
  let epochs = 0;
  for await (const event of followRun(api, runId, context)) {
    if (event.__typename === "RunStateChanged") {
      training = event.to === "RUNNING";
      if (training) monitor.start();
    }
    if (event.__typename === "EpochCompleted") {
      epochs += 1;
      report(`epoch ${event.epoch.number}: ${Math.round(event.epoch.imagesPerSecond)} images/s`);
    }
    if (training) {
      const asked = performance.now();
      await api.request(SYSTEM);
      latenciesMs.push(performance.now() - asked);
    }
  }
  const pauses = await monitor.stop();
  return {
    figures: {
      longestPauseMs: pauses.longestMs,
      p99PauseMs: pauses.p99Ms,
      longestPauseOfIdleThreadMs: pauses.longestOfIdleThreadMs,
      queryP95Ms: percentile(latenciesMs, 0.95),
      queries: latenciesMs.length,
      epochs,
    },
    settings: {
      threads: config.threads,
      precision: await precisionOf(api, runId),
      batchSize: CONFIGURATION.batchSize,
      imageSizePixels: CONFIGURATION.imageSizePixels,
    },
  };
}
