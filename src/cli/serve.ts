import { Command } from "commander";
import type { ServerReady } from "../client/server-process.js";
import { parseConfig } from "../core/config.js";
import { warnOfConfiguration } from "./configuration.js";
import { environmentHelp } from "./environment-help.js";
import { StopSignal } from "./stop-signal.js";

export function serveCommand(): Command {
  return new Command("serve")
    .summary("serve the API and the playground, and train runs")
    .description(
      "Starts the server: the GraphQL API, the playground and the training of runs. It creates and migrates its " +
        "database, and prints its address and where the admin token is. Ctrl-C stops it; a run that is training is " +
        "saved and continues at the next start.",
    )
    .option(
      "--json-ready",
      "print one line of JSON on standard output when the server listens, and stop when standard input closes",
    )
    .addHelpText("after", environmentHelp("serve"))
    .action(serve);
}

async function serve({ jsonReady = false }: Readonly<{ jsonReady?: boolean }>): Promise<void> {
  const [{ startEspalier }, { createLog }] = await Promise.all([
    import("../app/espalier.js"),
    import("../telemetry/log.js"),
  ]);
  const config = parseConfig(process.env);
  const log = createLog(config.logLevel);
  await warnOfConfiguration(process.env, config, log);
  using stop = new StopSignal({ withStandardInput: jsonReady });
  await using espalier = await startEspalier(config, {
    log,
    progress: (line) => process.stderr.write(`${line}\n`),
  });
  const { url, adminToken } = espalier;
  if (jsonReady) {
    process.stdout.write(
      `${JSON.stringify({ url, adminTokenFile: adminToken.file } satisfies ServerReady)}\n`,
    );
  } else {
    process.stderr.write(greeting(url, adminToken));
  }
  await stop.requested;
  process.stderr.write("Stopping. A run that is training is saved and continues at the next start.\n");
}

function greeting(url: string, adminToken: { secret: string; created: boolean; file: string }): string {
  const token = adminToken.created
    ? `Admin token   ${adminToken.secret}\n              shown only now, and kept in ${adminToken.file}`
    : `Admin token   in ${adminToken.file}`;
  return `\nPlayground    ${url}/playground/\nGraphQL       ${url}/graphql\n${token}\n\n`;
}
