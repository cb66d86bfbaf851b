import { availableParallelism, homedir } from "node:os";
import path from "node:path";
import { AppError } from "./app-error.js";

/** Everything the environment decides, parsed once at the start and passed down. */
export interface Config {
  /** Folder that holds all state but Postgres: blobs, shards, runs, models, tokens. */
  readonly homeFolder: string;
  /** Folder for what can be fetched again (Node, TensorFlow, the addon), shared by checkouts. */
  readonly cacheFolder: string;
  /** Null: start the embedded PostgreSQL inside `homeFolder`. */
  readonly databaseUrl: string | null;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Folder with the TensorFlow libraries and headers to use instead of the wheel's. */
  readonly tensorflowFolder: string | null;
  /** Whether training may use Espalier's own operations beside TensorFlow's. */
  readonly ownKernels: boolean;
  /** Folders below which an import may read. */
  readonly importRoots: readonly string[];
  /** Threads that TensorFlow uses inside one operation; results depend on it. */
  readonly threads: number;
  readonly logLevel: LogLevel;
  readonly limits: Limits;
  readonly worker: WorkerConfig;
}

/** How a process takes part in training. */
export interface WorkerConfig {
  /** Whether a server trains too, beside its workers. */
  readonly serverTrains: boolean;
  /** What it computes with, which no other worker with the same name uses at the same time; null: found out. */
  readonly device: string | null;
  /** How long a worker may be silent before its run is given to another. */
  readonly leaseSeconds: number;
  /** How the process before this one ended, as whoever starts it again tells; null: in order, or nobody knows. */
  readonly crash: { readonly pid: number; readonly signal: string } | null;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export interface Limits {
  readonly uploadBytes: number;
  readonly imagePixels: number;
  /** Bytes of one picture, in an archive, a folder or a classify call. */
  readonly imageBytes: number;
  readonly archiveEntries: number;
  /** Unpacked bytes of a whole archive. */
  readonly archiveBytes: number;
  readonly queryDepth: number;
  readonly queryCost: number;
  readonly queryAliases: number;
  readonly queryTokens: number;
  /** Pictures in one `classify`. */
  readonly classifyImages: number;
  /** WebSockets that are open at once. */
  readonly sockets: number;
}

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

const DEFAULT_LEASE_SECONDS = 15;

const DEFAULT_LIMITS: Limits = {
  uploadBytes: 20 * GIB,
  imagePixels: 100_000_000,
  imageBytes: 64 * MIB,
  archiveEntries: 2_000_000,
  archiveBytes: 200 * GIB,
  queryDepth: 15,
  queryCost: 20_000,
  queryAliases: 30,
  queryTokens: 4_000,
  classifyImages: 64,
  sockets: 5_000,
};

/**
 * Reads the configuration out of environment variables.
 *
 * @param folder relative paths, and the default `.espalier`, are below it
 * @throws AppError `CONFIG_INVALID` naming the variable, what it takes and what it held
 */
export function parseConfig(environment: NodeJS.ProcessEnv, folder: string = process.cwd()): Config {
  const text = (name: string): string | null => {
    const value = environment[name]?.trim();
    return value === undefined || value === "" ? null : value;
  };
  const integer = (name: string, fallback: number, minimum: number, maximum: number): number => {
    const value = text(name);
    if (value === null) return fallback;
    const number = Number(value);
    if (!Number.isSafeInteger(number) || number < minimum || number > maximum) {
      throw new AppError(
        "CONFIG_INVALID",
        `${name} must be a whole number from ${minimum} to ${maximum}. Received ${JSON.stringify(value)}.`,
      );
    }
    return number;
  };
  const resolved = (value: string): string => path.resolve(folder, value);
  const maximum = Number.MAX_SAFE_INTEGER;
  const standardCache = text("XDG_CACHE_HOME") ?? path.join(homedir(), ".cache");
  const tensorflowFolder = text("ESPALIER_TENSORFLOW_DIR");

  return {
    homeFolder: resolved(text("ESPALIER_HOME") ?? ".espalier"),
    cacheFolder: resolved(text("ESPALIER_CACHE") ?? path.join(standardCache, "espalier")),
    databaseUrl: text("DATABASE_URL"),
    host: text("ESPALIER_HOST") ?? "127.0.0.1",
    port: integer("ESPALIER_PORT", 4000, 0, 65_535),
    tensorflowFolder: tensorflowFolder === null ? null : resolved(tensorflowFolder),
    ownKernels: parseSwitch("ESPALIER_KERNELS", text("ESPALIER_KERNELS") ?? "on"),
    importRoots: (text("ESPALIER_IMPORT_ROOTS") ?? "")
      .split(path.delimiter)
      .filter((root) => root !== "")
      .map(resolved),
    threads: integer("ESPALIER_THREADS", availableParallelism(), 1, 1024),
    logLevel: parseLogLevel(text("ESPALIER_LOG_LEVEL") ?? "info"),
    worker: {
      serverTrains: parseSwitch("ESPALIER_TRAIN", text("ESPALIER_TRAIN") ?? "on"),
      device: text("ESPALIER_DEVICE"),
      leaseSeconds: integer("ESPALIER_LEASE_SECONDS", DEFAULT_LEASE_SECONDS, 2, 3_600),
      crash: parseCrash(text("ESPALIER_CRASH")),
    },
    limits: {
      ...DEFAULT_LIMITS,
      uploadBytes: integer("ESPALIER_UPLOAD_BYTES", DEFAULT_LIMITS.uploadBytes, 1, maximum),
      imagePixels: integer("ESPALIER_IMAGE_PIXELS", DEFAULT_LIMITS.imagePixels, 1, maximum),
      sockets: integer("ESPALIER_SOCKETS", DEFAULT_LIMITS.sockets, 1, maximum),
    },
  };
}

function parseSwitch(name: string, value: string): boolean {
  if (value === "on" || value === "off") return value === "on";
  throw new AppError("CONFIG_INVALID", `${name} must be on or off. Received ${JSON.stringify(value)}.`);
}

/** Such as "SIGSEGV 4711", with the process's id. */
function parseCrash(value: string | null): WorkerConfig["crash"] {
  if (value === null) return null;
  const match = /^(SIG[A-Z0-9]+) (\d{1,10})$/.exec(value);
  if (match === null) {
    throw new AppError(
      "CONFIG_INVALID",
      `ESPALIER_CRASH must be a signal and a process's id, such as "SIGSEGV 4711". Received ${JSON.stringify(value)}.`,
    );
  }
  return { signal: match[1] ?? "", pid: Number(match[2]) };
}

const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

function parseLogLevel(value: string): LogLevel {
  const level = LOG_LEVELS.find((candidate) => candidate === value);
  if (level === undefined) {
    throw new AppError(
      "CONFIG_INVALID",
      `ESPALIER_LOG_LEVEL must be one of ${LOG_LEVELS.join(", ")}. Received ${JSON.stringify(value)}.`,
    );
  }
  return level;
}
