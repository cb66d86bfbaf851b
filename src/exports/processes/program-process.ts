import { type ChildProcess, fork, type Serializable } from "node:child_process";
import type { z } from "zod";
import { AppError } from "../../core/app-error.js";
import { hasSystemCode } from "../../lang/system-errors.js";
import type { Log } from "../../telemetry/log.js";
import { isProgramMessage, PROGRAM_MESSAGE, type ProgramMessage } from "./messages.js";

/** Standard error of this process: standard output may be read by a program. */
const STANDARD_ERROR = 2;

export interface ProgramOptions<Message> {
  /** A compiled file, which calls `answerRequests`. */
  readonly program: string;
  /** Its own messages. */
  readonly messages: z.ZodType<Message>;
  readonly onMessage: (message: Message) => void;
  /** "the export" */
  readonly work: string;
  /** @returns the error for a process that ended by itself, where `explanation` is a sentence that says how */
  readonly endedEarly: (explanation: string, cause: unknown) => AppError;
  readonly log: Log;
  /** A process without a message for this long is taken for one that hangs, and fails. Null: it may be silent. */
  readonly silenceMs: number | null;
}

/**
 * A program in a process of its own with a lowered priority, so that neither the event loop nor the memory nor a crash of a
 * foreign runtime touches the server. The process ends when this one dies, and with it the processes that it started: they
 * are one group.
 */
export class ProgramProcess<Message> implements AsyncDisposable {
  readonly #options: ProgramOptions<Message>;
  readonly #child: ChildProcess;
  readonly #ended: Promise<End>;
  readonly #failure = Promise.withResolvers<never>();
  readonly #silence: NodeJS.Timeout | null;

  constructor(options: ProgramOptions<Message>) {
    this.#options = options;
    const { program, work, endedEarly, silenceMs } = options;
    this.#child = fork(program, [], {
      detached: true,
      serialization: "advanced",
      execArgv: [],
      env: environmentOf(process.env),
      stdio: ["ignore", STANDARD_ERROR, STANDARD_ERROR, "ipc"],
    });
    // It is known to those who wait for an answer.
    this.#failure.promise.catch(() => {});
    this.#ended = endOf(this.#child);
    void this.#ended.then((how) => this.#failure.reject(endedEarly(explainEnd(work, how), how)));
    this.#silence = silenceMs === null ? null : setTimeout(() => this.#failUnheard(silenceMs), silenceMs);
    this.#child.on("message", (message: unknown) => {
      this.#silence?.refresh();
      try {
        this.#receive(message);
      } catch (error) {
        this.#failure.reject(error);
      }
    });
  }

  send(request: Serializable): void {
    this.#child.send(request, (error) => {
      // The process has died, which `#ended` explains.
      if (error !== null)
        this.#options.log.debug(`the process of ${this.#options.work} took no request`, { error });
    });
  }

  /**
   * Returns an answer of the program.
   *
   * @throws AppError the failure of the program, or `endedEarly`; the reason of `signal` when it aborts
   */
  async until<Answer>(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener("abort", abort);
    try {
      return await Promise.race([answer, this.#failure.promise, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Kills the group of processes, and waits for the end of the program. Files that it reported are synced. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#silence !== null) clearTimeout(this.#silence);
    killGroup(this.#child);
    await this.#ended;
  }

  #failUnheard(silenceMs: number): void {
    const { work, endedEarly } = this.#options;
    const minutes = Math.ceil(silenceMs / 60_000);
    this.#failure.reject(
      endedEarly(`The process of ${work} gave no sign of life for ${minutes} min, so it was ended.`, null),
    );
  }

  #receive(message: unknown): void {
    if (isProgramMessage(message)) this.#receiveCommon(PROGRAM_MESSAGE.parse(message));
    else this.#options.onMessage(this.#options.messages.parse(message));
  }

  #receiveCommon(message: ProgramMessage): void {
    switch (message.kind) {
      case "line":
        this.#options.log.info(message.line);
        return;
      case "failure":
        this.#failure.reject(new AppError(message.code, message.message));
        return;
      case "fault":
        this.#failure.reject(new Error(message.explanation));
    }
  }
}

/** A program that has ended may have left processes of its group. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!hasSystemCode(error, "ESRCH")) throw error;
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

function explainEnd(work: string, how: End): string {
  if (how instanceof Error) return `The process of ${work} could not start: ${how.message}.`;
  if (how.signal === "SIGKILL") {
    return `The system killed the process of ${work} (SIGKILL), probably because memory ran out.`;
  }
  if (how.signal !== null) return `The process of ${work} crashed (${how.signal}).`;
  return `The process of ${work} ended with exit code ${how.code}.`;
}

/** The process needs no database, so that it does not learn its password. Drivers of PostgreSQL read variables with "PG". */
function environmentOf(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(environment).filter(([name]) => !/^(DATABASE_URL$|PG)/.test(name));
  return Object.fromEntries(others);
}
