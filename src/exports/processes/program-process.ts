import { type ChildProcess, fork, type Serializable } from "node:child_process";
import type { z } from "zod";
import { AppError } from "../../core/app-error.js";
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
}

/**
 * A program in a process of its own with a lowered priority, so that neither the event loop nor the memory nor a crash of a
 * foreign runtime touches the server. The process ends when this one dies.
 */
export class ProgramProcess<Message> implements AsyncDisposable {
  readonly #options: ProgramOptions<Message>;
  readonly #child: ChildProcess;
  readonly #ended: Promise<End>;
  readonly #failure = Promise.withResolvers<never>();

  constructor(options: ProgramOptions<Message>) {
    this.#options = options;
    const { program, work, endedEarly } = options;
    this.#child = fork(program, [], {
      serialization: "advanced",
      execArgv: [],
      env: environmentOf(process.env),
      stdio: ["ignore", STANDARD_ERROR, STANDARD_ERROR, "ipc"],
    });
    // It is known to those who wait for an answer.
    this.#failure.promise.catch(() => {});
    this.#ended = endOf(this.#child);
    void this.#ended.then((how) => this.#failure.reject(endedEarly(explainEnd(work, how), how)));
    this.#child.on("message", (message: unknown) => {
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

  /** Kills the process, and waits for its end. Files that it reported are synced. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
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
