import { type ChildProcess, execFile, type SpawnOptions, spawn } from "node:child_process";
import { stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { AppError } from "../../core/app-error.js";
import type { SystemAccount } from "./binaries.js";

const execute = promisify(execFile);

/** How to start PostgreSQL's programs: through a command in front of them, or under an account. */
export interface PostgresLauncher {
  readonly prefix: readonly string[];
  readonly account: SystemAccount | null;
}

/** Starts one of PostgreSQL's programs. */
export function spawnPostgres(
  launcher: PostgresLauncher,
  program: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const [first = program, ...rest] = [...launcher.prefix, program, ...args];
  // This program reads the messages, so they must be in one language.
  return spawn(first, rest, { ...launcher.account, ...options, env: { ...process.env, LC_ALL: "C" } });
}

/**
 * Runs one of PostgreSQL's programs to its end.
 *
 * @throws AppError `EMBEDDED_POSTGRES_FAILED` with its output when it fails
 */
export async function runPostgres(
  launcher: PostgresLauncher,
  program: string,
  args: readonly string[],
): Promise<void> {
  const child = spawnPostgres(launcher, program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const status = await new Promise<number | string | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? signal));
  });
  if (status === 0) return;
  throw new AppError(
    "EMBEDDED_POSTGRES_FAILED",
    `${path.basename(program)} ended with ${status}: ${output.trim().slice(-2000)}`,
  );
}

/**
 * Decides how to start programs that must reach `folders`.
 *
 * If util-linux's setpriv is installed, the server gets a signal for a fast shutdown when this process dies, so that
 * nothing is left running. When this process runs as root, setpriv also changes to `account`. If that account may not
 * enter a folder (such as a checkout in root's home), it keeps the one capability that it needs to pass.
 *
 * @throws AppError `EMBEDDED_POSTGRES_UNREACHABLE` when the account cannot reach a folder at all
 */
export async function postgresLauncher(
  account: SystemAccount | null,
  folders: readonly string[],
): Promise<PostgresLauncher> {
  const hasSetpriv = await execute("setpriv", ["--version"]).then(
    ({ stdout }) => stdout.includes("util-linux"),
    () => false,
  );
  const prefix = hasSetpriv ? ["setpriv", "--pdeathsig=INT"] : [];
  if (account === null) return { prefix, account: null };

  let unreachable: string | null = null;
  for (const folder of folders) unreachable ??= await closedFolderAbove(folder, account);
  if (!hasSetpriv) {
    if (unreachable === null) return { prefix, account };
    throw new AppError(
      "EMBEDDED_POSTGRES_UNREACHABLE",
      `PostgreSQL does not run as root, and the account \`postgres\` may not enter ${unreachable}. ` +
        "Run as another user, set ESPALIER_HOME to a folder it can reach, or set DATABASE_URL.",
    );
  }
  prefix.push(`--reuid=${account.uid}`, `--regid=${account.gid}`, "--clear-groups");
  if (unreachable !== null) prefix.push("--inh-caps=+dac_override", "--ambient-caps=+dac_override");
  return { prefix, account: null };
}

/** Returns the first folder on the path to `folder` that `account` may not enter; null when it may enter all. */
async function closedFolderAbove(folder: string, account: SystemAccount): Promise<string | null> {
  const absolute = path.resolve(folder);
  const parts = absolute.split(path.sep);
  for (let depth = 1; depth <= parts.length; depth++) {
    const current = parts.slice(0, depth).join(path.sep) || path.sep;
    const { mode, uid, gid } = await stat(current);
    const enter = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & enter) === 0) return current;
  }
  return null;
}
