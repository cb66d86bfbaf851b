import { startEspalier } from "../app/espalier.js";
import { parseConfig } from "../core/config.js";
import { createLog } from "../telemetry/log.js";
import { parseFlag } from "./command.js";
import { stopSignal } from "./stop-signal.js";

export async function run(args: readonly string[]): Promise<number> {
  const jsonReady = parseFlag(args, "--json-ready");
  const config = parseConfig(process.env);
  const stopRequested = stopSignal({ withStandardInput: jsonReady });
  await using espalier = await startEspalier(config, {
    log: createLog(config.logLevel),
    progress: (line) => process.stderr.write(`${line}\n`),
  });
  const { url, adminToken } = espalier;
  if (jsonReady) {
    process.stdout.write(`${JSON.stringify({ url, adminTokenFile: adminToken.file })}\n`);
  } else {
    process.stderr.write(greeting(url, adminToken));
  }
  await stopRequested;
  process.stderr.write("Stopping. A run under way is saved and goes on at the next start.\n");
  return 0;
}

function greeting(url: string, adminToken: { secret: string; created: boolean; file: string }): string {
  const token = adminToken.created
    ? `Admin token   ${adminToken.secret}\n              shown this once, and kept in ${adminToken.file}`
    : `Admin token   in ${adminToken.file}`;
  return `\nPlayground    ${url}/playground/\nGraphQL       ${url}/graphql\n${token}\n\n`;
}
