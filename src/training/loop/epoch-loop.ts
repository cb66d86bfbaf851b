import type { SplitFigures } from "../../core/metrics/epoch-metrics.js";
import type { RunConfiguration } from "../../core/runs/configuration.js";
import type { ShardReader } from "../../data/shards/tensor-shards.js";
import type { TensorValue } from "../../engine/engine-protocol.js";
import type { Session } from "../../engine/session.js";
import type { EvaluatedSplit } from "../evaluation/evaluation-records.js";
import { type EvaluatedBatch, isRight } from "../evaluation/predictions.js";
import type { EpochPosition, TrainingPosition } from "../record/epoch-position.js";
import { type Batch, BatchSource, microBatchSizes, type PackedInput } from "./batch-source.js";
import { checkLoss } from "./divergence.js";
import { evaluationBatchSize } from "./evaluation-batch-size.js";
import { floats, type GraphOutputs, integers, scalar } from "./graph-outputs.js";
import { epochOrder } from "./shuffling.js";

/** A report about a finished step. */
export interface StepReport {
  readonly epoch: number;
  /** Within the epoch, from 1. */
  readonly step: number;
  /** Number of images in the batch of the step. */
  readonly images: number;
  /** Mean loss of the batch. */
  readonly loss: number;
  /** Position in the epoch after the step. */
  readonly position: EpochPosition;
}

export interface EpochLoopOptions {
  readonly session: Session;
  /** Images or features, and what else training takes for each sample. */
  readonly packed: readonly [PackedInput, ...PackedInput[]];
  readonly configuration: RunConfiguration;
  /** Samples that are computed at the same time: those of a batch, or fewer. */
  readonly microBatchSize: number;
  /** The training that the weights of the session have already had. */
  readonly start: Pick<TrainingPosition, "step" | "learningRate">;
}

/** Trains and evaluates a session for one epoch at a time. */
export class EpochLoop {
  readonly #session: Session;
  readonly #configuration: RunConfiguration;
  readonly #microBatchSize: number;
  readonly #source: BatchSource;
  readonly #reader: ShardReader;
  readonly #train: Int32Array;
  readonly #evaluationBatchSize: number;
  #globalStep: number;
  #learningRate: number;

  constructor({ session, packed, configuration, microBatchSize, start }: EpochLoopOptions) {
    const [{ reader }] = packed;
    this.#globalStep = start.step;
    this.#learningRate = start.learningRate;
    this.#session = session;
    this.#reader = reader;
    this.#configuration = configuration;
    this.#microBatchSize = microBatchSize;
    this.#train = reader.index.positionsOf("TRAIN");
    const evaluated = Math.max(...EVALUATED.map((split) => reader.index.positionsOf(split).length));
    this.#evaluationBatchSize = evaluationBatchSize(configuration, microBatchSize, evaluated);
    this.#source = new BatchSource(packed, Math.max(microBatchSize, this.#evaluationBatchSize));
  }

  get trainingSamples(): number {
    return this.#train.length;
  }

  /** Includes the last batch, which can be smaller. */
  get stepsPerEpoch(): number {
    return Math.ceil(this.#train.length / this.#configuration.batchSize);
  }

  /** Number of optimizer steps that the weights of the session have had. */
  get globalStep(): number {
    return this.#globalStep;
  }

  /** Learning rate of the last step; 0 when that was the last step of an epoch before this session. */
  get learningRate(): number {
    return this.#learningRate;
  }

  /**
   * Trains on the training split, in the order of the epoch, from a position in it.
   *
   * @param stop is checked between micro-batches; its reason is thrown
   * @param onStep is awaited before the next step
   * @throws Diverged at the first loss that is not finite
   */
  async train(
    epoch: number,
    from: EpochPosition,
    stop: AbortSignal,
    onStep: (report: StepReport) => void | Promise<void>,
  ): Promise<SplitFigures> {
    const { seed, batchSize } = this.#configuration;
    const order = epochOrder(this.#train, seed, epoch).subarray(from.steps * batchSize);
    let position = from;
    let done = 0;
    let batch = { lossSum: 0, top1: 0, top5: 0 };
    for await (const microBatch of this.#source.batches(
      order,
      microBatchSizes(order.length, batchSize, this.#microBatchSize),
    )) {
      stop.throwIfAborted();
      const batchStart = (position.steps - from.steps) * batchSize;
      const size = Math.min(batchSize, order.length - batchStart);
      batch = addSums(batch, await this.#trainOn(microBatch, { epoch, size, first: done - batchStart }));
      done += microBatch.size;
      if (done < batchStart + size) continue;

      await this.#finishBatch();
      position = { steps: position.steps + 1, ...addSums(position, batch) };
      const step = position.steps;
      const loss = batch.lossSum / size;
      batch = { lossSum: 0, top1: 0, top5: 0 };
      checkLoss(loss, { epoch, step, globalStep: this.#globalStep, learningRate: this.#learningRate });
      await onStep({ epoch, step, images: size, loss, position });
    }
    const { lossSum, top1, top5 } = position;
    return mean({ loss: lossSum, top1, top5 }, this.#train.length);
  }

  /**
   * Evaluates a split.
   *
   * @param stop as in `train`
   * @param collect is called with every batch, in the order of the manifest
   */
  async evaluate(
    split: EvaluatedSplit,
    stop: AbortSignal,
    collect: (batch: EvaluatedBatch) => void = () => {},
  ): Promise<SplitFigures> {
    const positions = this.#reader.index.positionsOf(split);
    const sum = { loss: 0, top1: 0, top5: 0 };
    const sizes = microBatchSizes(positions.length, this.#evaluationBatchSize, this.#evaluationBatchSize);
    for await (const batch of this.#source.batches(positions, sizes)) {
      stop.throwIfAborted();
      const outputs = await this.#session.run("eval_step", this.#inputsOf("eval_step", batch.inputs));
      const evaluated = {
        positions: batch.positions,
        labels: batch.labels,
        losses: floats(outputs, "losses"),
        ranked: integers(outputs, "ranked"),
        probabilities: floats(outputs, "probabilities"),
      };
      addFigures(sum, evaluated);
      collect(evaluated);
    }
    return mean(sum, positions.length);
  }

  /** Trains on a batch or a micro-batch. @returns the sums over it */
  async #trainOn(
    microBatch: Batch,
    { epoch, size, first }: { readonly epoch: number; readonly size: number; readonly first: number },
  ): Promise<Sums> {
    const signature = this.#accumulates ? "accumulate" : "train_step";
    const inputs = this.#inputsOf(signature, {
      ...microBatch.inputs,
      epoch: integer(epoch),
      first: integer(first),
      batch_size: integer(size),
    });
    const outputs = await this.#session.run(signature, inputs);
    const counts = { top1: scalar(outputs, "top1"), top5: scalar(outputs, "top5") };
    if (this.#accumulates) return { lossSum: scalar(outputs, "loss_sum"), ...counts };
    this.#noteStep(outputs);
    return { lossSum: scalar(outputs, "loss") * microBatch.size, ...counts };
  }

  async #finishBatch(): Promise<void> {
    if (this.#accumulates) this.#noteStep(await this.#session.run("apply", {}));
  }

  #noteStep(outputs: GraphOutputs): void {
    this.#globalStep = scalar(outputs, "global_step");
    this.#learningRate = shortestDecimal(scalar(outputs, "learning_rate"));
  }

  get #accumulates(): boolean {
    return "accumulate" in this.#session.signatures;
  }

  /** The inputs that the signature accepts. */
  #inputsOf(
    signature: string,
    values: Readonly<Record<string, TensorValue>>,
  ): Readonly<Record<string, TensorValue>> {
    const taken = Object.keys(this.#session.signatures[signature]?.inputs ?? {});
    return Object.fromEntries(
      taken.flatMap((name) => {
        const value = values[name];
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }
}

type Sums = Pick<EpochPosition, "lossSum" | "top1" | "top5">;

function addSums(sums: Sums, more: Sums): Sums {
  return { lossSum: sums.lossSum + more.lossSum, top1: sums.top1 + more.top1, top5: sums.top5 + more.top5 };
}

const EVALUATED = ["VALIDATION", "TEST"] as const satisfies readonly EvaluatedSplit[];

function addFigures(sum: { loss: number; top1: number; top5: number }, batch: EvaluatedBatch): void {
  const ranked = { ...batch, ranks: batch.ranked.length / batch.labels.length };
  for (const [sample, loss] of batch.losses.entries()) {
    sum.loss += loss;
    if (isRight(ranked, sample)) sum.top1 += 1;
    if (isRight(ranked, sample, ranked.ranks)) sum.top5 += 1;
  }
}

function mean(sum: SplitFigures, samples: number): SplitFigures {
  return { loss: sum.loss / samples, top1: sum.top1 / samples, top5: sum.top5 / samples };
}

function integer(value: number): TensorValue {
  return { dtype: "int32", shape: [], data: Int32Array.of(value) };
}

/** The shortest decimal number that is this float32: 0.001 rather than 0.0010000000474974513. */
function shortestDecimal(float32: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const decimal = Number(float32.toPrecision(digits));
    if (Math.fround(decimal) === float32) return decimal;
  }
  return float32;
}
