/** The measured process. It runs the product and nothing else. */
import { once } from "node:events";
import { startEspalier } from "../../src/app/espalier.js";
import { explainError } from "../../src/core/app-error.js";
import { parseConfig } from "../../src/core/config.js";
import { createLog } from "../../src/telemetry/log.js";
import { type FromServer, type ProcessUsage, TO_SERVER } from "./server-messages.js";

const KIB = 1024;
const MICROSECONDS = 1e6;

const disconnected = once(process, "disconnect");
// Ctrl-C reaches every process of the terminal. This one stops when the benchmark disconnects.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});

try {
  const config = parseConfig(process.env);
  await using espalier = await startEspalier(config, {
    log: createLog(config.logLevel),
    progress: (line) => tell({ kind: "progress", line }),
  });
  process.on("message", (message) => {
    TO_SERVER.parse(message);
    tell({ kind: "usage", ...currentUsage() });
  });
  tell({
    kind: "ready",
    url: espalier.url,
    token: espalier.adminToken.secret,
    threads: config.threads,
  });
  await disconnected;
} catch (error) {
  process.exitCode = 1;
  if (process.connected) {
    tell({ kind: "failed", message: explainError(error) });
    process.disconnect();
  }
}

function tell(message: FromServer): void {
  if (process.connected) process.send?.(message);
}

/** `maxRSS` is the same figure that Python's `resource.getrusage` returns for a peer. */
function currentUsage(): ProcessUsage {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  return {
    peakResidentBytes: maxRSS * KIB,
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (userCPUTime + systemCPUTime) / MICROSECONDS,
  };
}
