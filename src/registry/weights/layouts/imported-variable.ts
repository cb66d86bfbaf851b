import type { OfferedVariable, OfferedWeights } from "../fit-weights.js";
import { invalidWeights, quoted } from "../invalid-weights.js";
import { elementsOf, type StoredTensor } from "../stored-tensor.js";

/** The values of one of our variables, out of a file. */
export interface ImportedVariable extends OfferedVariable {
  /**
   * All elements in our order. Call it only when the shape is the wanted one: it decides how much
   * memory that takes.
   *
   * @throws AppError `WEIGHTS_INVALID`
   */
  read(): Promise<Float32Array<ArrayBuffer>>;
}

/** What a file offers, while it is gathered. */
export class ImportedOffer implements OfferedWeights<ImportedVariable> {
  readonly variables = new Map<string, ImportedVariable>();
  readonly unknown: string[] = [];

  /**
   * @param read defaults to the tensor as it is
   * @param shape of what `read` gives
   */
  add(
    variable: string,
    tensor: StoredTensor,
    shape: readonly number[] = tensor.shape,
    read: () => Promise<Float32Array<ArrayBuffer>> = () => readWhole(tensor),
  ): void {
    this.variables.set(variable, { shape, dtype: tensor.dtype, source: sourceOf(tensor), read });
  }

  /** Something in the file that no network of ours has a place for. */
  addUnknown({ name, shape }: StoredTensor, expected = "nothing of that name"): void {
    this.unknown.push(`- ${quoted(name)}: expected ${expected}, found [${shape.join(", ")}].`);
  }
}

function sourceOf({ name }: StoredTensor): string {
  return quoted(name);
}

/** Elements that are handled at once: some milliseconds of the event loop. */
const SLICE_ELEMENTS = 1024 * 1024;

/**
 * A tensor's elements in slices of whole `rowElements`, so that a large one is not held twice.
 *
 * @throws AppError `WEIGHTS_INVALID`, also for what is no finite number
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
