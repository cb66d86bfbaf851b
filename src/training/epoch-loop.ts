import type { RunConfiguration } from "../core/run-configuration.js";
import type { ShardReader } from "../data/tensor-shards.js";
import type { TensorValue } from "../engine/engine-protocol.js";
import type { Session } from "../engine/session.js";
import { BatchSource } from "./batch-source.js";
import { checkLoss } from "./callbacks/divergence.js";
import { epochOrder } from "./shuffling.js";

/** Figures over the samples of a split: mean loss, and fractions in [0, 1]. */
export interface SplitFigures {
  readonly loss: number;
  readonly top1: number;
  readonly top5: number;
}

/** What a finished step tells. */
export interface StepReport {
  readonly epoch: number;
  /** Within the epoch, from 1. */
  readonly step: number;
  /** In the step's batch. */
  readonly images: number;
  /** Mean over the batch. */
  readonly loss: number;
}

/** Memory that the largest activations may take while evaluating. */
const EVALUATION_BYTES = 256 * 1024 ** 2;
const MOST_EVALUATION_IMAGES = 256;

/** Trains and evaluates a session for one epoch at a time. */
export class EpochLoop {
  readonly #source: BatchSource;
  readonly #train: Int32Array;
  readonly #validation: Int32Array;
  readonly #evaluationBatchSize: number;
  #globalStep = 0;
  #learningRate = 0;

  constructor(
    private readonly session: Session,
    reader: ShardReader,
    private readonly configuration: RunConfiguration,
  ) {
    this.#train = reader.positionsOf("TRAIN");
    this.#validation = reader.positionsOf("VALIDATION");
    this.#evaluationBatchSize = evaluationBatchSize(configuration, this.#validation.length);
    const { batchSize, imageSizePixels } = configuration;
    this.#source = new BatchSource(reader, imageSizePixels, Math.max(batchSize, this.#evaluationBatchSize));
  }

  get trainingSamples(): number {
    return this.#train.length;
  }

  /** The last batch is kept though it may be smaller. */
  get stepsPerEpoch(): number {
    return Math.ceil(this.#train.length / this.configuration.batchSize);
  }

  /** Optimiser steps taken by this session's weights, as far as a step has told. */
  get globalStep(): number {
    return this.#globalStep;
  }

  /** Used by the last step. */
  get learningRate(): number {
    return this.#learningRate;
  }

  /**
   * One pass over the training split, in the epoch's own order.
   *
   * @param stop looked at between steps; its reason is thrown
   * @throws Diverged at the first loss that is not finite
   */
  async train(epoch: number, stop: AbortSignal, onStep: (report: StepReport) => void): Promise<SplitFigures> {
    const { seed, batchSize } = this.configuration;
    const order = epochOrder(this.#train, seed, epoch);
    const sum = { loss: 0, top1: 0, top5: 0 };
    let step = 0;
    for await (const { size, images, labels } of this.#source.batches(order, batchSize)) {
      stop.throwIfAborted();
      const outputs = await this.session.run("train_step", { images, labels });
      step += 1;
      this.#globalStep = scalar(outputs, "global_step");
      this.#learningRate = shortestDecimal(scalar(outputs, "learning_rate"));
      const loss = scalar(outputs, "loss");
      checkLoss(loss, { epoch, step, globalStep: this.#globalStep, learningRate: this.#learningRate });
      sum.loss += loss * size;
      sum.top1 += scalar(outputs, "top1");
      sum.top5 += scalar(outputs, "top5");
      onStep({ epoch, step, images: size, loss });
    }
    return mean(sum, this.#train.length);
  }

  /** One pass over the validation split. @param stop as in `train` */
  async evaluate(stop: AbortSignal): Promise<SplitFigures> {
    const sum = { loss: 0, top1: 0, top5: 0 };
    const batches = this.#source.batches(this.#validation, this.#evaluationBatchSize);
    for await (const { images, labels } of batches) {
      stop.throwIfAborted();
      const outputs = await this.session.run("eval_step", { images, labels });
      sum.loss += scalar(outputs, "loss_sum");
      sum.top1 += scalar(outputs, "top1");
      sum.top5 += scalar(outputs, "top5");
    }
    return mean(sum, this.#validation.length);
  }
}

/**
 * Without gradients only two layers' activations live at once, so more pictures fit than in a
 * training batch. Decided by the configuration alone: sums in another order end in other last bits.
 */
export function evaluationBatchSize(
  { batchSize, imageSizePixels, widthMultiplier }: RunConfiguration,
  sampleCount: number,
): number {
  const largestLayerBytes = imageSizePixels ** 2 * 64 * widthMultiplier * 4;
  const fitting = Math.floor(EVALUATION_BYTES / (2 * largestLayerBytes));
  const sensible = Math.max(batchSize, Math.min(fitting, MOST_EVALUATION_IMAGES));
  return Math.max(1, Math.min(sensible, sampleCount));
}

function mean(sum: SplitFigures, samples: number): SplitFigures {
  return { loss: sum.loss / samples, top1: sum.top1 / samples, top5: sum.top5 / samples };
}

function scalar(outputs: Readonly<Record<string, TensorValue>>, name: string): number {
  const value = outputs[name]?.data[0];
  if (value === undefined) throw new Error(`The graph gave no output named ${name}.`);
  return Number(value);
}

/** Of the decimals that are this float32, the shortest: 0.001 rather than 0.0010000000474974513. */
function shortestDecimal(float32: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const decimal = Number(float32.toPrecision(digits));
    if (Math.fround(decimal) === float32) return decimal;
  }
  return float32;
}
