import { fileURLToPath } from "node:url";
import { AppError } from "../../core/app-error.js";
import type { LogLevel } from "../../core/config.js";
import type { Log } from "../../telemetry/log.js";
import { ProgramProcess } from "../processes/program-process.js";
import type { ExportJob, ExportOutcome, ExportWatch } from "./job.js";
import { EXPORT_MESSAGE, type ExportMessage, type ExportStart } from "./messages.js";

const PROGRAM = fileURLToPath(new URL("./export-program.js", import.meta.url));

/** Longer than the slowest stage without progress: the quantization of the largest network on a busy machine. */
const SILENCE_MS = 30 * 60_000;

/** Carries out exports, each in a process of its own. */
export class ExportProcess {
  readonly #log: Log;
  readonly #logLevel: LogLevel;
  readonly #program: string;
  readonly #silenceMs: number;

  constructor(options: {
    readonly log: Log;
    readonly logLevel: LogLevel;
    /** Another program, for tests. */
    readonly program?: string;
    /** See `ProgramOptions`. Default: 30 minutes. */
    readonly silenceMs?: number;
  }) {
    this.#log = options.log;
    this.#logLevel = options.logLevel;
    this.#program = options.program ?? PROGRAM;
    this.#silenceMs = options.silenceMs ?? SILENCE_MS;
  }

  /**
   * Returns when the process has ended.
   *
   * @throws AppError the failure of the export; `EXPORT_FAILED` when the process ended without one, or hangs; the reason of `signal`
   *   when it aborts
   */
  async run(
    job: ExportJob,
    onProgress: ExportWatch["onProgress"],
    signal: AbortSignal,
  ): Promise<ExportOutcome> {
    signal.throwIfAborted();
    const outcome = Promise.withResolvers<ExportOutcome>();
    await using process = new ProgramProcess<ExportMessage>({
      program: this.#program,
      messages: EXPORT_MESSAGE,
      onMessage: (message) => {
        if (message.kind === "outcome") outcome.resolve(message.outcome);
        else onProgress(message.stage, message.imagesDone, message.imagesTotal);
      },
      work: "the export",
      endedEarly,
      log: this.#log,
      silenceMs: this.#silenceMs,
    });
    process.send({ job, logLevel: this.#logLevel } satisfies ExportStart);
    return await process.until(outcome.promise, signal);
  }
}

function endedEarly(explanation: string, cause: unknown): AppError {
  const remedy = "The log of the server may have details. Export again.";
  return new AppError("EXPORT_FAILED", `${explanation} ${remedy}`, { cause });
}
