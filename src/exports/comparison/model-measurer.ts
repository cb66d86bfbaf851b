import { fileURLToPath } from "node:url";
import { AppError } from "../../core/app-error.js";
import type { LogLevel } from "../../core/config.js";
import { median } from "../../lang/median.js";
import { OwnedResources } from "../../lang/owned-resources.js";
import type { Log } from "../../telemetry/log.js";
import { ProgramProcess } from "../processes/program-process.js";
import { type ModelMeasurement, TIMED_BATCHES } from "./measurement.js";
import { MEASURE_ANSWER, type MeasureAnswer, type MeasuredSubject, type MeasureRequest } from "./messages.js";

const PROGRAM = fileURLToPath(new URL("./measure-program.js", import.meta.url));

/** The times of each size of batch: every model has so many turns, and in each of them so many runs that count. */
const TIMING: Readonly<
  Record<(typeof TIMED_BATCHES)[number], { readonly turns: number; readonly runs: number }>
> = {
  1: { turns: 8, runs: 3 },
  8: { turns: 6, runs: 2 },
};

/** A model to be measured, by the name that errors have for it. */
export type NamedSubject = MeasuredSubject & { readonly name: string };

/**
 * Measures model versions and exports against each other. Each is open in a process of its own, and all of them at the same
 * time: they are timed in turns, so that all see the same load of the machine. Then one after the other classifies the
 * images.
 */
export class ModelMeasurer {
  constructor(
    private readonly log: Log,
    private readonly logLevel: LogLevel,
  ) {}

  /**
   * @returns the measurements, in the order of the subjects
   * @throws AppError `COMPARISON_FAILED` when a process ended unexpectedly; the failure of a model, named; the reason of
   *   `signal` when it aborts
   */
  async measure(
    subjects: readonly NamedSubject[],
    signal: AbortSignal,
  ): Promise<readonly ModelMeasurement[]> {
    await using owned = new OwnedResources();
    const models: MeasuringProcess[] = [];
    for (const subject of subjects) {
      const model = owned.own(new MeasuringProcess(subject.name, this.log, signal));
      await model.open(subject, this.logLevel);
      models.push(model);
    }
    for (const batchSize of TIMED_BATCHES) {
      const { turns, runs } = TIMING[batchSize];
      // The first turn warms up: runtimes choose kernels and allocate memory.
      for (let turn = 0; turn <= turns; turn++) {
        for (const model of models) await model.time(batchSize, runs, turn > 0);
      }
    }
    const measurements: ModelMeasurement[] = [];
    for (const model of models) measurements.push(await model.classify());
    return measurements;
  }
}

/** The process of one model. */
class MeasuringProcess implements AsyncDisposable {
  readonly #process: ProgramProcess<MeasureAnswer>;
  /** Waits for the answer to the latest request. */
  #answer = Promise.withResolvers<MeasureAnswer>();
  #opened: MeasureAnswer & { readonly kind: "opened" | "unavailable" } = { kind: "unavailable", reason: "" };
  /** Times of whole batches, by their size. */
  readonly #milliseconds = new Map<number, number[]>();

  constructor(
    private readonly name: string,
    log: Log,
    private readonly signal: AbortSignal,
  ) {
    this.#process = new ProgramProcess({
      program: PROGRAM,
      messages: MEASURE_ANSWER,
      onMessage: (answer) => this.#answer.resolve(answer),
      work: "the comparison",
      endedEarly: (explanation, cause) =>
        new AppError(
          "COMPARISON_FAILED",
          `${explanation} The log of the server may have details. Compare fewer models if memory ran out.`,
          { cause },
        ),
      log,
      // It waits for the turns of others.
      silenceMs: null,
    });
  }

  async open(subject: MeasuredSubject, logLevel: LogLevel): Promise<void> {
    const answer = await this.#ask({ kind: "open", subject, logLevel });
    if (answer.kind !== "opened" && answer.kind !== "unavailable") throw unexpected(answer);
    this.#opened = answer;
  }

  async time(batchSize: number, runs: number, counts: boolean): Promise<void> {
    if (this.#opened.kind === "unavailable") return;
    const answer = await this.#ask({ kind: "time", batchSize, runs });
    if (answer.kind !== "timed") throw unexpected(answer);
    if (!counts) return;
    this.#milliseconds.set(batchSize, [...(this.#milliseconds.get(batchSize) ?? []), ...answer.milliseconds]);
  }

  async classify(): Promise<ModelMeasurement> {
    if (this.#opened.kind === "unavailable") return { status: "NOT_MEASURED", reason: this.#opened.reason };
    const { runtime, runtimeVersion } = this.#opened;
    const answer = await this.#ask({ kind: "classify" });
    if (answer.kind !== "classified") throw unexpected(answer);
    const { kind: _, ...figures } = answer;
    return {
      status: "MEASURED",
      runtime,
      runtimeVersion,
      ...figures,
      millisecondsAtBatch1: this.#millisecondsPerImage(1),
      millisecondsAtBatch8: this.#millisecondsPerImage(8),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }

  #millisecondsPerImage(batchSize: (typeof TIMED_BATCHES)[number]): number {
    return median(this.#milliseconds.get(batchSize) ?? []) / batchSize;
  }

  async #ask(request: MeasureRequest): Promise<MeasureAnswer> {
    this.#answer = Promise.withResolvers<MeasureAnswer>();
    this.#process.send(request);
    try {
      return await this.#process.until(this.#answer.promise, this.signal);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw new AppError(error.code, `${this.name}: ${error.message}`, { cause: error });
    }
  }
}

function unexpected({ kind }: MeasureAnswer): Error {
  return new Error(`Expected another answer of a process that measures. Received "${kind}".`);
}
