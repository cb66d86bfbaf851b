import { z } from "zod";
import { DTYPES, type DType, type TensorSpec } from "../tensor-spec.js";

/** One way to call a graph: its named inputs and outputs. */
export interface Signature {
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly outputs: Readonly<Record<string, TensorSpec>>;
}

export type SignatureTable = Readonly<Record<string, Signature>>;

export interface VariableInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** False for a variable that gradients do not change, such as a moving statistic. */
  readonly trainable: boolean;
}

/**
 * A graph ready to be written and run. Plain data: it may be posted to another thread.
 *
 * All signatures share the variables of one session; run `init` or `restore` first.
 */
export interface SavedModelGraph {
  /** The content of `saved_model.pb`. */
  readonly bytes: Uint8Array;
  /** Those that `bytes` publish, and those that only the engine calls. */
  readonly signatures: SignatureTable;
  /** In the order of creation: the network's own, then the optimizer's, then `global_step`. */
  readonly variables: readonly VariableInfo[];
}

const DTYPE_SCHEMA = z.enum(DTYPES);

const TENSORS_SCHEMA: z.ZodType<Signature["inputs"]> = z.record(
  z.string(),
  z.object({ name: z.string(), dtype: DTYPE_SCHEMA, shape: z.array(z.int().nullable()) }),
);

/** Reads the signatures out of a file or a message of another thread. */
export const SIGNATURES_SCHEMA: z.ZodType<SignatureTable> = z.record(
  z.string(),
  z.object({ inputs: TENSORS_SCHEMA, outputs: TENSORS_SCHEMA }),
);

/** Reads a graph out of a message of another thread; `bytes` are neither copied nor looked at. */
export const SAVED_MODEL_GRAPH_SCHEMA: z.ZodType<SavedModelGraph> = z.object({
  bytes: z.instanceof(Uint8Array),
  signatures: SIGNATURES_SCHEMA,
  variables: z.array(
    z.object({ name: z.string(), dtype: DTYPE_SCHEMA, shape: z.array(z.int()), trainable: z.boolean() }),
  ),
});
