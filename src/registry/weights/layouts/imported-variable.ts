import type { Architecture } from "../../../core/enumerations.js";
import type { OfferedVariable, OfferedWeights } from "../fit-weights.js";
import { invalidWeights, quoted } from "../invalid-weights.js";
import { elementsOf, type StoredTensor } from "../stored-tensor.js";

/** The values of one of the network's variables, in a file. */
export interface ImportedVariable extends OfferedVariable {
  /**
   * Reads all elements, in the order of the network's variable. Call it only for a shape that is the wanted one: the
   * shape decides how much memory it takes.
   *
   * @throws AppError `WEIGHTS_INVALID`
   */
  read(): Promise<Float32Array<ArrayBuffer>>;
}

/** Gathers the variables that a file offers. */
export class ImportedOffer implements OfferedWeights<ImportedVariable> {
  readonly variables = new Map<string, ImportedVariable>();
  readonly unknown: string[] = [];

  /** @param architecture the architecture of the layers, recognized by their names; null: not recognized */
  constructor(readonly architecture: Architecture | null) {}

  /**
   * @param shape of the array that `read` returns
   * @param read defaults to the tensor as it is
   */
  add(
    variable: string,
    tensor: StoredTensor,
    shape: readonly number[] = tensor.shape,
    read: () => Promise<Float32Array<ArrayBuffer>> = () => readWhole(tensor),
  ): void {
    this.variables.set(variable, { shape, dtype: tensor.dtype, source: sourceOf(tensor), read });
  }

  /** Notes a tensor for which the network has no place. */
  addUnknown({ name, shape }: StoredTensor, expected = "nothing of that name"): void {
    this.unknown.push(`- ${quoted(name)}: expected ${expected}, found [${shape.join(", ")}].`);
  }
}

function sourceOf({ name }: StoredTensor): string {
  return quoted(name);
}

/** The number of elements that are converted at once, which takes some milliseconds. */
const SLICE_ELEMENTS = 1024 * 1024;

/**
 * Reads a tensor's elements in slices of whole `rowElements`, so that a large tensor is not in memory twice.
 *
 * @throws AppError `WEIGHTS_INVALID`, also for numbers that are not finite
 */
export async function* slicesOf(
  tensor: StoredTensor,
  rowElements = 1,
): AsyncGenerator<{ start: number; values: Float32Array }, void> {
  const total = elementsOf(tensor.shape, quoted(tensor.name));
  const step = Math.max(1, Math.floor(SLICE_ELEMENTS / rowElements)) * rowElements;
  for (let start = 0; start < total; start += step) {
    const values = await tensor.read(start, Math.min(step, total - start));
    const wrong = values.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) throw invalidWeights(`finite numbers in ${quoted(tensor.name)}`, String(wrong));
    yield { start, values };
  }
}

export async function readWhole(tensor: StoredTensor): Promise<Float32Array<ArrayBuffer>> {
  const whole = new Float32Array(elementsOf(tensor.shape, quoted(tensor.name)));
  for await (const { start, values } of slicesOf(tensor)) whole.set(values, start);
  return whole;
}
