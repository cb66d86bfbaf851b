import { readFile } from "node:fs/promises";
import { Command } from "commander";
import { ApiClient } from "../src/client/api-client.js";
import { explainError } from "../src/client/client-error.js";
import { EXIT, parseCommandLine } from "../src/client/command-line.js";
import { graphql } from "../src/client/generated/gql.js";
import { addOptions, existingFile, flag, type Options, optional } from "../src/client/options.js";
import { ServerProcess } from "../src/client/server-process.js";
import { Terminal } from "../src/client/terminal.js";
import { classifyImages } from "./classify-images.js";
import { compareRuns } from "./compare-runs.js";
import { contestants, SHARED_SUMMARY } from "./contestants.js";
import { drawArchive, openArchive } from "./images.js";
import { importImages, quarantineSummary } from "./import-images.js";
import { promote } from "./promote.js";
import type { DemoReport } from "./report.js";
import { launchRuns, watchRun } from "./train.js";

const SYSTEM = graphql(`query DemoSystem {
  system { tensorflowVersion devices { kind } engine { threads } }
}`);

/** Name of the dataset, the experiment and the model. */
const NAME = "flowers";
const ALIAS = "champion";

const OPTIONS = {
  data: optional(
    existingFile(
      "<archive>",
      "a zip, tar or tar.gz with one folder of images per class, instead of drawn flowers",
    ),
  ),
  json: flag("print progress on standard error, and one line of JSON as the last line of standard output"),
} as const;

type DemoOptions = Options<typeof OPTIONS>;

class Interrupted extends Error {}

const program = addOptions(
  new Command("demo").description(
    "Runs the full workflow on sample data: imports images, trains two networks that differ in one setting, compares " +
      "them, promotes the better one and classifies images with it.",
  ),
  OPTIONS,
  runDemo,
);
const ended = await parseCommandLine(program, process.argv.slice(2));
if (ended !== null) process.exitCode = ended;

async function runDemo(options: DemoOptions): Promise<void> {
  try {
    const terminal = new Terminal(options.json ? process.stderr : process.stdout);
    const report = await withServer(options, terminal);
    if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  } catch (error) {
    if (error instanceof Interrupted) {
      process.stderr.write("\nThe demo and its server were stopped.\n");
      process.exitCode = EXIT.interrupted;
    } else {
      process.stderr.write(`\nThe demo failed. ${explainError(error)}\n`);
      process.exitCode = EXIT.failure;
    }
  }
}

/** Starts a server, runs the workflow, and stops the server in any case, including Ctrl-C. */
async function withServer(options: DemoOptions, terminal: Terminal): Promise<DemoReport> {
  const started = performance.now();
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => reject(new Interrupted()));
  });
  interrupted.catch(() => {});

  terminal.heading("Espalier: from images to a promoted model, through the API");
  await using server = ServerProcess.start((line) => terminal.live(line));
  const ready = await Promise.race([server.ready, server.died, interrupted]);
  const token = (await readFile(ready.adminTokenFile, "utf8")).trim();
  await using api = new ApiClient(ready.url, token);
  const report = await Promise.race([
    runWorkflow(api, terminal, options, ready.url),
    server.died,
    interrupted,
  ]);
  const totalSeconds = Math.round((performance.now() - started) / 100) / 10;

  terminal.line();
  terminal.line(`Done in ${Math.round(totalSeconds)} s. To see the results in the playground:`);
  terminal.line(`  npm start, then open http://127.0.0.1:${process.env.ESPALIER_PORT ?? 4000}/playground/`);
  terminal.line(`  with the access token in ${ready.adminTokenFile}`);
  return { ...report, totalSeconds };
}

async function runWorkflow(
  api: ApiClient,
  terminal: Terminal,
  options: DemoOptions,
  url: string,
): Promise<Omit<DemoReport, "totalSeconds">> {
  const { system } = await api.request(SYSTEM);
  const devices = system.devices.map((device) => device.kind).join(" + ");
  terminal.step(
    "Server",
    `${url}, TensorFlow ${system.tensorflowVersion} on ${devices}, ${system.engine.threads} threads`,
  );

  const archive =
    options.data === null
      ? await drawArchive((count) => terminal.live(`${count} images drawn`))
      : await openArchive(options.data);
  terminal.step("Images", options.data ?? `drew ${archive.fileCount} files, a few of them broken on purpose`);

  const version = await importImages(api, terminal, NAME, archive);
  terminal.step(
    "Import",
    `${version.ref}: ${version.sampleCount} images of ${version.classes.map((each) => each.name).join(", ")}`,
  );
  terminal.detail(
    version.splits.map(({ split, sampleCount }) => `${split.toLowerCase()} ${sampleCount}`).join(", "),
  );
  if (version.quarantinedCount > 0) {
    terminal.detail(`${version.quarantinedCount} quarantined: ${quarantineSummary(version)}`);
  }

  const runs = await launchRuns(api, NAME, version.ref, contestants(version.sampleCount));
  terminal.step("Train", SHARED_SUMMARY);
  for (const run of runs) await watchRun(api, terminal, run);

  const { better, reports } = await compareRuns(api, terminal, runs);
  const alias = await promote(api, terminal, NAME, ALIAS, better);
  const classified = await classifyImages(api, terminal, alias, version);
  return {
    dataset: {
      version: version.number,
      samples: version.sampleCount,
      quarantined: version.quarantinedCount,
    },
    runs: reports,
    betterRun: better.id,
    alias,
    classified,
  };
}
