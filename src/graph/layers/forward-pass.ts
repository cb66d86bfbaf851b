import type { GraphBuilder } from "../graph-builder.js";
import type { GraphNode, Tensor } from "../graph-node.js";
import { cast } from "../ops/array.js";
import { readVariable } from "../ops/variables.js";
import type { FloatType } from "../tensor-spec.js";
import type { Variables } from "../variables.js";

/**
 * Numbers in [0, 1), float32 of the features' shape [n, features], for one dropout layer in the current
 * step. Layers are told apart by their stream, from 0.
 */
export type DropoutDraw = (features: Tensor, stream: number) => Tensor;

export type PassMode =
  | {
      readonly kind: "inference";
      /** Whether converters read the graph: an operation that they lack is replaced by others with the same result. */
      readonly isConverted?: boolean;
    }
  | {
      readonly kind: "training";
      /** Null: normalize as in training, but drop nothing. */
      readonly draw: DropoutDraw | null;
      /** The most samples that are computed at once. */
      readonly microBatchSize: number;
    };

/**
 * One pass through a network's layers. Every variable is read once and converted once per pass, and the gradients of the
 * pass use the same values.
 */
export class ForwardPass {
  /** Assignments to moving statistics, which belong to the same step as the weight updates. */
  readonly stateUpdates: GraphNode[] = [];
  readonly #values = new Map<string, Tensor>();
  readonly #weights = new Map<string, Tensor>();
  #dropoutStreams = 0;

  constructor(
    readonly graph: GraphBuilder,
    readonly variables: Variables,
    readonly mode: PassMode,
    /** The type that layers compute in unless they need float32. */
    readonly computeType: FloatType,
  ) {}

  get training(): boolean {
    return this.mode.kind === "training";
  }

  /** A variable as it is stored, in float32. */
  value(name: string): Tensor {
    let value = this.#values.get(name);
    if (value === undefined) {
      const variable = this.variables.get(name);
      value = readVariable(this.graph, variable.handle, variable, { name: `${roleOf(name)}/Read` });
      this.#values.set(name, value);
    }
    return value;
  }

  /** A variable in the type that its layer computes in. */
  weight(name: string, dtype: FloatType): Tensor {
    const key = `${name} ${dtype}`;
    let weight = this.#weights.get(key);
    if (weight === undefined) {
      weight = this.graph.scope(roleOf(name), () => cast(this.graph, this.value(name), dtype));
      this.#weights.set(key, weight);
    }
    return weight;
  }

  /** The random numbers of the next dropout layer; null when this pass drops nothing. */
  drawForDropout(features: Tensor): Tensor | null {
    if (this.mode.kind !== "training" || this.mode.draw === null) return null;
    return this.mode.draw(features, this.#dropoutStreams++);
  }
}

/** "kernel" of "block1_conv1/kernel". */
function roleOf(variableName: string): string {
  return variableName.slice(variableName.lastIndexOf("/") + 1);
}
