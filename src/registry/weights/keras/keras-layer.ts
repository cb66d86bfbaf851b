import type { StoredTensor } from "../stored-tensor.js";

/** A layer that has weights. */
export interface KerasLayer {
  readonly name: string;
  /** In Keras's order: kernel and bias, or gamma, beta, moving mean and moving variance. */
  readonly tensors: readonly StoredTensor[];
  /**
   * The numbered groups in which a file without a configuration has the layer. They tell its order among layers of its
   * class alone. Null: the layers of the file are in the model's order.
   */
  readonly groups: readonly string[] | null;
}
