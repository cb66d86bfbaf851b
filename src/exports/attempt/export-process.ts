import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { AppError } from "../../core/app-error.js";
import type { LogLevel } from "../../core/config.js";
import type { Log } from "../../telemetry/log.js";
import type { ExportJob, ExportOutcome, ExportWatch } from "./job.js";
import { EXPORT_MESSAGE, type ExportMessage, type ExportStart } from "./messages.js";

const PROGRAM = fileURLToPath(new URL("./export-program.js", import.meta.url));

/** Standard error of this process: standard output may be read by a program. */
const STANDARD_ERROR = 2;

/**
 * Carries out exports, each in a process of its own with a lowered priority, so that neither the event loop nor the memory
 * nor a crash of a foreign runtime touches the server. The process ends when this one dies.
 */
export class ExportProcess {
  readonly #log: Log;
  readonly #logLevel: LogLevel;
  readonly #program: string;

  constructor(options: {
    readonly log: Log;
    readonly logLevel: LogLevel;
    /** Another program, for tests. */
    readonly program?: string;
  }) {
    this.#log = options.log;
    this.#logLevel = options.logLevel;
    this.#program = options.program ?? PROGRAM;
  }

  /**
   * Returns when the process has ended.
   *
   * @throws AppError the failure of the export; `EXPORT_FAILED` when the process ended without one; the reason of `signal`
   *   when it aborts
   */
  async run(
    job: ExportJob,
    onProgress: ExportWatch["onProgress"],
    signal: AbortSignal,
  ): Promise<ExportOutcome> {
    signal.throwIfAborted();
    const child = fork(this.#program, [], {
      serialization: "advanced",
      execArgv: [],
      env: environmentOf(process.env),
      stdio: ["ignore", STANDARD_ERROR, STANDARD_ERROR, "ipc"],
    });
    const ended = endOf(child);
    const result = Promise.withResolvers<ExportOutcome>();
    const abort = (): void => result.reject(signal.reason);
    signal.addEventListener("abort", abort);
    child.on("message", (message: unknown) => {
      try {
        this.#receive(EXPORT_MESSAGE.parse(message), onProgress, result);
      } catch (error) {
        result.reject(error);
      }
    });
    void ended.then((how) => result.reject(endedEarly(how)));
    child.send({ job, logLevel: this.#logLevel } satisfies ExportStart, (error) => {
      // The process has died, which `ended` explains.
      if (error !== null) this.#log.debug("the process of an export took no job", { error });
    });
    try {
      return await result.promise;
    } finally {
      signal.removeEventListener("abort", abort);
      // It has said its last word, and its files are synced.
      child.kill("SIGKILL");
      await ended;
    }
  }

  #receive(
    message: ExportMessage,
    onProgress: ExportWatch["onProgress"],
    { resolve, reject }: PromiseWithResolvers<ExportOutcome>,
  ): void {
    switch (message.kind) {
      case "progress":
        onProgress(message.stage, message.imagesDone, message.imagesTotal);
        return;
      case "line":
        this.#log.info(message.line);
        return;
      case "outcome":
        resolve(message.outcome);
        return;
      case "failure":
        reject(new AppError(message.code, message.message));
        return;
      case "fault":
        reject(new Error(message.explanation));
    }
  }
}

/** How a process ended: an exit code, a signal, or the reason why it could not start. */
type End = { readonly code: number | null; readonly signal: NodeJS.Signals | null } | Error;

function endOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.on("error", (error) => {
      if (child.pid === undefined) resolve(error);
    });
  });
}

function endedEarly(how: End): AppError {
  return new AppError(
    "EXPORT_FAILED",
    `${explainEnd(how)} The log of the server may have details. Export again.`,
    {
      cause: how,
    },
  );
}

function explainEnd(how: End): string {
  if (how instanceof Error) return `The process of the export could not start: ${how.message}.`;
  if (how.signal === "SIGKILL") {
    return "The system killed the process of the export (SIGKILL), probably because memory ran out.";
  }
  if (how.signal !== null) return `The process of the export crashed (${how.signal}).`;
  return `The process of the export ended with exit code ${how.code}.`;
}

/** The process needs no database, so that it does not learn its password. Drivers of PostgreSQL read variables with "PG". */
function environmentOf(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(environment).filter(([name]) => !/^(DATABASE_URL$|PG)/.test(name));
  return Object.fromEntries(others);
}
