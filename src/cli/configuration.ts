import type { Config } from "../core/config.js";
import { misspelledVariables } from "../core/environment/misspelled.js";
import { isFolder } from "../lang/is-folder.js";
import type { Log } from "../telemetry/log.js";

/**
 * Logs a warning for what the environment says without effect: a variable that nothing reads, and a folder that is not
 * there.
 */
export async function warnOfConfiguration(
  environment: NodeJS.ProcessEnv,
  config: Config,
  log: Log,
): Promise<void> {
  for (const { name, nearest } of misspelledVariables(environment)) {
    log.warn(`nothing reads the environment variable ${name}; did you mean ${nearest}?`, { name, nearest });
  }
  const { importRoots, pretrainedFolder } = config;
  const folders = [
    ...importRoots.map((folder) => ["ESPALIER_IMPORT_ROOTS", folder] as const),
    ...(pretrainedFolder === null ? [] : [["ESPALIER_PRETRAINED_DIR", pretrainedFolder] as const]),
  ];
  for (const [variable, folder] of folders) {
    if (await isFolder(folder)) continue;
    log.warn(`${variable} names ${folder}, which is not a folder`, { variable, folder });
  }
}
