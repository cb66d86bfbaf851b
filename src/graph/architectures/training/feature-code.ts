import { AppError } from "../../../core/app-error.js";
import type { GraphBuilder } from "../../graph-builder.js";
import type { Tensor } from "../../graph-node.js";
import { bitcast, cast, reshape } from "../../ops/array.js";
import { int32Vector } from "../../ops/constants.js";
import { elementCount, type FloatType } from "../../tensor-spec.js";

/**
 * Encodes features as int32, a type that the engine can return and be fed with, without losing a bit. Two numbers of 16
 * bits share a word; if their count is odd, they are widened to float32.
 */
export class FeatureCode {
  readonly #shape: readonly number[];
  readonly #dtype: FloatType;
  readonly #pairs: boolean;

  /** @param features [?, ...], of the type that the network computes in */
  constructor(features: Tensor) {
    const { dtype } = features;
    if (dtype !== "float32" && dtype !== "bfloat16" && dtype !== "float16") {
      throw new AppError("GRAPH_INVALID", `Features are floating-point numbers. Received ${dtype}.`);
    }
    this.#dtype = dtype;
    this.#shape = features.shape.slice(1).map((size) => size ?? 0);
    this.#pairs = dtype !== "float32" && elementCount(this.#shape) % 2 === 0;
  }

  /** int32 words for one image. */
  get words(): number {
    const elements = elementCount(this.#shape);
    return this.#pairs ? elements / 2 : elements;
  }

  /** [?, ...] -> int32 [?, words]. */
  encode(graph: GraphBuilder, features: Tensor): Tensor {
    const { words } = this;
    if (!this.#pairs) {
      const rows = reshape(graph, features, int32Vector(graph, [-1, words]), [null, words]);
      return bitcast(graph, cast(graph, rows, "float32"), "int32", [null, words]);
    }
    const pairs = reshape(graph, features, int32Vector(graph, [-1, words, 2]), [null, words, 2]);
    return bitcast(graph, pairs, "int32", [null, words]);
  }

  /** Reverses `encode`, bit for bit. */
  decode(graph: GraphBuilder, encoded: Tensor): Tensor {
    const { words } = this;
    const numbers = this.#pairs
      ? bitcast(graph, encoded, this.#dtype, [null, words, 2])
      : cast(graph, bitcast(graph, encoded, "float32", [null, words]), this.#dtype);
    return reshape(graph, numbers, int32Vector(graph, [-1, ...this.#shape]), [null, ...this.#shape]);
  }
}
