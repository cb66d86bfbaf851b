import { availableParallelism, homedir } from "node:os";
import path from "node:path";
import { AppError } from "../app-error.js";

/** A variable of the environment that Espalier reads. */
export interface EnvironmentVariable<T> extends Description {
  /** The valid values, as they stand behind "must be". */
  readonly values: string;
  /** Whether the value may hold a password, so that no message repeats it. */
  readonly secret?: true;
  /** The value while the variable is unset or empty, for a person. */
  readonly unset: string;
  /**
   * Parses the value; `text` is null while the variable is unset or empty.
   *
   * @returns undefined when the value is invalid
   */
  read(text: string | null, context: ReadContext): T | undefined;
}

interface Description {
  /** The effect of the variable, in full sentences. */
  readonly description: string;
  /** The commands that read it. None: a program sets it, not a person. */
  readonly usedBy: readonly CommandName[];
}

export type CommandName = "serve" | "worker" | "setup" | "migrations";

interface ReadContext {
  /** Relative paths are relative to this folder. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
}

const GIB = 1024 ** 3;

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

/**
 * Every environment variable of the server and its commands. The configuration is parsed with this table;
 * `docs/configuration.md` and the help of the commands are written from it.
 */
export const ENVIRONMENT_VARIABLES = {
  DATABASE_URL: {
    values: "the URL of a PostgreSQL database, such as `postgresql://user:password@host/database`",
    secret: true,
    unset:
      "`serve` starts an embedded PostgreSQL in the home folder, `migrations` a temporary one; `worker` has no default",
    read: (text): string | null | undefined => (text === null || isPostgresUrl(text) ? text : undefined),
    description:
      "The PostgreSQL database that holds everything but files, in any form that psql or node-postgres takes; " +
      "docs/database.md lists the parameters. A worker requires it, and needs the same database as its " +
      "server, which therefore cannot use the embedded one. `migrations` leaves this database alone: it creates a " +
      "temporary database on the same PostgreSQL server and removes it at the end.",
    usedBy: ["serve", "worker", "migrations"],
  },
  ESPALIER_HOST: {
    values: "an address or a host name",
    unset: "127.0.0.1",
    read: (text) => text ?? "127.0.0.1",
    description:
      "The address to listen on. With any address but a loopback address, other machines reach the server.",
    usedBy: ["serve"],
  },
  ESPALIER_PORT: {
    ...integer({ otherwise: 4000, minimum: 0, maximum: 65_535 }),
    description: "The port to listen on. With 0 the system chooses a free port.",
    usedBy: ["serve"],
  },
  ESPALIER_HOME: {
    values: "a folder",
    unset: "`.espalier` in the current folder",
    read: (text, { folder }) => path.resolve(folder, text ?? ".espalier"),
    description:
      "The folder that holds all state outside PostgreSQL: images, shards, runs, models and the admin token. A worker " +
      "needs the same folder as its server; machines share it over the network.",
    usedBy: ["serve", "worker"],
  },
  ESPALIER_CACHE: {
    values: "a folder",
    unset: "`espalier` in `XDG_CACHE_HOME` or in `~/.cache`",
    // launcher/node-runtime.mjs reads the same two variables before any package is installed.
    read: (text, { folder, environment: { XDG_CACHE_HOME } }) =>
      path.resolve(
        folder,
        text ?? path.join(XDG_CACHE_HOME?.trim() || path.join(homedir(), ".cache"), "espalier"),
      ),
    description:
      "The folder for what can be downloaded or built again: Node, TensorFlow, its addon and the custom ops. " +
      "Checkouts share it.",
    usedBy: ["serve", "worker", "setup"],
  },
  ESPALIER_TENSORFLOW_DIR: {
    values: "a folder",
    unset: "downloaded from PyPI into the cache",
    read: (text, { folder }) => (text === null ? null : path.resolve(folder, text)),
    description: "A folder with TensorFlow's libraries and headers.",
    usedBy: ["serve", "worker", "setup"],
  },
  ESPALIER_PRETRAINED_DIR: {
    values: "a folder",
    unset: "pretrained weights are downloaded into the cache when a run asks for them",
    read: (text, { folder }) => (text === null ? null : path.resolve(folder, text)),
    description:
      "A folder with published weights under their published names, such as `vgg16-397923af.pth`. While it is set, nothing " +
      "is downloaded: a run whose file is not there fails. The digest of every file is checked.",
    usedBy: ["serve", "worker"],
  },
  ESPALIER_PYTHON: {
    values: "the path of a program, or its name in `PATH`",
    unset: "files for Keras are exported, but not compared with their model version",
    read: (text, { folder }) =>
      text === null || path.basename(text) === text ? text : path.resolve(folder, text),
    description:
      "A Python with the package `keras` and one of its back-ends. Exports for Keras are proven with it, because Keras has " +
      "no runtime outside of Python.",
    usedBy: ["serve"],
  },
  ESPALIER_KERNELS: {
    ...onOff("on"),
    description:
      "Whether training uses the custom ops that are faster than TensorFlow's own. With `off` it uses TensorFlow's " +
      "alone.",
    usedBy: ["serve", "worker", "setup"],
  },
  ESPALIER_THREADS: {
    ...integer({ otherwise: availableParallelism, unset: "all cores", minimum: 1, maximum: 1024 }),
    description: "The threads that TensorFlow uses. The results of training depend on this number.",
    usedBy: ["serve", "worker"],
  },
  ESPALIER_TRAIN: {
    ...onOff("on"),
    description: "Whether the server trains runs itself. With `off` it leaves all runs to its workers.",
    usedBy: ["serve"],
  },
  ESPALIER_DEVICE: {
    values: "a name",
    unset: "this machine, with the GPUs of `CUDA_VISIBLE_DEVICES`",
    read: (text): string | null => text,
    description:
      "The device that this process trains on. Of the processes with the same device, one trains at a time.",
    usedBy: ["serve", "worker"],
  },
  ESPALIER_LEASE_SECONDS: {
    ...integer({ otherwise: 15, minimum: 2, maximum: 3_600 }),
    description: "How long a worker may be silent, in seconds, before its run is given to another worker.",
    usedBy: ["serve", "worker"],
  },
  ESPALIER_IMPORT_ROOTS: {
    values: `folders, separated by \`${path.delimiter}\``,
    unset: "none",
    read: (text, { folder }): readonly string[] =>
      (text ?? "")
        .split(path.delimiter)
        .filter((root) => root !== "")
        .map((root) => path.resolve(folder, root)),
    description: "The folders that `importDataset` may read. Without them it accepts only uploads.",
    usedBy: ["serve"],
  },
  ESPALIER_UPLOAD_BYTES: {
    ...integer({ otherwise: 20 * GIB, unset: "20 GiB", minimum: 1 }),
    description: "The maximum size of an upload, in bytes.",
    usedBy: ["serve"],
  },
  ESPALIER_IMAGE_PIXELS: {
    ...integer({ otherwise: 100_000_000, minimum: 1 }),
    description:
      "The maximum size of an image, in pixels. Larger images are refused before they are decoded.",
    usedBy: ["serve", "worker"],
  },
  ESPALIER_SOCKETS: {
    ...integer({ otherwise: 5_000, minimum: 1 }),
    description: "The maximum number of WebSockets that are open at the same time.",
    usedBy: ["serve"],
  },
  ESPALIER_LOG_LEVEL: {
    ...oneOf(LOG_LEVELS, "info"),
    description: "The least severe messages that are logged. With `silent` nothing is logged.",
    usedBy: ["serve", "worker", "migrations"],
  },
  ESPALIER_CRASH: {
    values: 'a signal and the id of a process, such as "SIGSEGV 4711"',
    unset: "the process before this one did not crash",
    read: readCrash,
    description: "How the process before this one ended. The launcher sets it when it starts a server again.",
    usedBy: [],
  },
} as const satisfies Readonly<Record<string, EnvironmentVariable<unknown>>>;

type Table = typeof ENVIRONMENT_VARIABLES;

export type Environment = {
  readonly [Name in keyof Table]: Table[Name] extends {
    read(text: string | null, context: ReadContext): infer Value;
  }
    ? Exclude<Value, undefined>
    : never;
};

/**
 * Parses every variable of the table.
 *
 * @param folder relative paths are relative to it
 * @throws AppError `CONFIG_INVALID` that names the variable, its valid values and, unless secret, the received value
 */
export function readEnvironment(environment: NodeJS.ProcessEnv, folder: string): Environment {
  const entries = Object.entries<EnvironmentVariable<unknown>>(ENVIRONMENT_VARIABLES).map(
    ([name, variable]) => {
      const text = environment[name]?.trim() || null;
      const value = variable.read(text, { folder, environment });
      if (value === undefined) {
        const received = variable.secret ? "" : ` Received ${JSON.stringify(text)}.`;
        throw new AppError(
          "CONFIG_INVALID",
          `${name} must be ${variable.values.replaceAll("`", "")}.${received}`,
        );
      }
      return [name, value];
    },
  );
  return Object.fromEntries(entries) as Environment;
}

function integer(range: {
  readonly otherwise: number | (() => number);
  readonly unset?: string;
  readonly minimum: number;
  readonly maximum?: number;
}): Pick<EnvironmentVariable<number>, "values" | "unset" | "read"> {
  const { otherwise, minimum, maximum = Number.MAX_SAFE_INTEGER } = range;
  return {
    values: `an integer ${range.maximum === undefined ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`}`,
    unset: range.unset ?? String(otherwise),
    read(text) {
      if (text === null) return typeof otherwise === "number" ? otherwise : otherwise();
      const value = Number(text);
      return Number.isSafeInteger(value) && value >= minimum && value <= maximum ? value : undefined;
    },
  };
}

function oneOf<const Value extends string>(
  values: readonly Value[],
  otherwise: Value,
): Pick<EnvironmentVariable<Value>, "values" | "unset" | "read"> {
  return {
    values: `one of ${values.map((value) => `\`${value}\``).join(", ")}`,
    unset: `\`${otherwise}\``,
    read: (text) => (text === null ? otherwise : values.find((value) => value === text)),
  };
}

function onOff(otherwise: "on" | "off"): Pick<EnvironmentVariable<boolean>, "values" | "unset" | "read"> {
  const { values, unset, read } = oneOf(["on", "off"], otherwise);
  return {
    values,
    unset,
    read(text, context) {
      const value = read(text, context);
      return value === undefined ? undefined : value === "on";
    },
  };
}

function isPostgresUrl(text: string): boolean {
  // A socket's folder may come alone, followed by the name of the database. `db/connecting` reads the rest.
  return /^(postgres(ql)?:|socket:|\/)/i.test(text);
}

/** A process that crashed. */
export interface Crash {
  readonly pid: number;
  readonly signal: string;
}

function readCrash(text: string | null): Crash | null | undefined {
  if (text === null) return null;
  const match = /^(?<signal>SIG[A-Z0-9]+) (?<pid>\d{1,10})$/.exec(text);
  if (match?.groups === undefined) return undefined;
  const { signal = "", pid = "" } = match.groups;
  return { signal, pid: Number(pid) };
}
