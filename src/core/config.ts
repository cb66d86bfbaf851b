import { type Crash, type LOG_LEVELS, readEnvironment } from "./environment/variables.js";

/** Everything that the environment decides, parsed once at the start and passed down. */
export interface Config {
  /** Folder that holds all state outside PostgreSQL: blobs, shards, runs, models, tokens. */
  readonly homeFolder: string;
  /** Folder for what can be downloaded or built again (Node, TensorFlow, the addon), shared by checkouts. */
  readonly cacheFolder: string;
  /** Null: start the embedded PostgreSQL inside `homeFolder`. */
  readonly databaseUrl: string | null;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Folder with the TensorFlow libraries and headers to use instead of the wheel's. */
  readonly tensorflowFolder: string | null;
  /** Folder with published weights; null: they are downloaded into `cacheFolder`. */
  readonly pretrainedFolder: string | null;
  /** A Python with Keras, which proves exports for Keras; null: they are not proven. */
  readonly python: string | null;
  /** Whether training may use custom ops beside TensorFlow's. */
  readonly customOps: boolean;
  /** Folders that an import may read. */
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
  /** Name of the device that it trains on; one worker at a time trains on a device. Null: found out. */
  readonly device: string | null;
  /** How long a worker may be silent before its run is given to another. */
  readonly leaseSeconds: number;
  /** The process before this one, when it crashed; null: it ended in order, or nobody knows. */
  readonly crash: Crash | null;
}

export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Limits {
  readonly uploadBytes: number;
  readonly imagePixels: number;
  /** Bytes of one image, in an archive, a folder or a classify call. */
  readonly imageBytes: number;
  readonly archiveEntries: number;
  /** Unpacked bytes of a whole archive. */
  readonly archiveBytes: number;
  readonly queryDepth: number;
  readonly queryCost: number;
  readonly queryAliases: number;
  readonly queryTokens: number;
  /** Images in one `classify`. */
  readonly classifyImages: number;
  /** WebSockets that are open at the same time. */
  readonly sockets: number;
}

const MIB = 1024 ** 2;
const GIB = 1024 * MIB;

/** The limits that no environment variable changes. */
const FIXED_LIMITS = {
  imageBytes: 64 * MIB,
  archiveEntries: 2_000_000,
  archiveBytes: 200 * GIB,
  queryDepth: 15,
  queryCost: 20_000,
  queryAliases: 30,
  queryTokens: 4_000,
  classifyImages: 64,
} as const;

/**
 * Reads the configuration from environment variables.
 *
 * @param folder relative paths, and the default `.espalier`, are below it
 * @throws AppError `CONFIG_INVALID` that names the variable, its valid values and the received value
 */
export function parseConfig(environment: NodeJS.ProcessEnv, folder: string = process.cwd()): Config {
  const variables = readEnvironment(environment, folder);
  return {
    homeFolder: variables.ESPALIER_HOME,
    cacheFolder: variables.ESPALIER_CACHE,
    databaseUrl: variables.DATABASE_URL,
    host: variables.ESPALIER_HOST,
    port: variables.ESPALIER_PORT,
    tensorflowFolder: variables.ESPALIER_TENSORFLOW_DIR,
    pretrainedFolder: variables.ESPALIER_PRETRAINED_DIR,
    python: variables.ESPALIER_PYTHON,
    customOps: variables.ESPALIER_KERNELS,
    importRoots: variables.ESPALIER_IMPORT_ROOTS,
    threads: variables.ESPALIER_THREADS,
    logLevel: variables.ESPALIER_LOG_LEVEL,
    worker: {
      serverTrains: variables.ESPALIER_TRAIN,
      device: variables.ESPALIER_DEVICE,
      leaseSeconds: variables.ESPALIER_LEASE_SECONDS,
      crash: variables.ESPALIER_CRASH,
    },
    limits: {
      ...FIXED_LIMITS,
      uploadBytes: variables.ESPALIER_UPLOAD_BYTES,
      imagePixels: variables.ESPALIER_IMAGE_PIXELS,
      sockets: variables.ESPALIER_SOCKETS,
    },
  };
}
