import { AppError } from "../../../core/app-error.js";
import type { OfferedVariable, OfferedWeights } from "../fit-weights.js";
import { quoted } from "../invalid-weights.js";
import { elementsOf, type StoredTensor } from "../stored-tensor.js";
import { describeSource, type SourceNetwork } from "./source-network.js";

/** The values of one of the network's variables, in a file. */
export interface ImportedVariable extends OfferedVariable {
  /**
   * Reads all elements, in the order of the network's variable. Call it only for a shape that is the wanted one: the
   * shape decides how much memory it takes.
   *
   * @throws AppError `WEIGHTS_INVALID`
   */
  read(): Promise<Float32Array<ArrayBuffer>>;
  /**
   * Reads the values in slices, without keeping them.
   *
   * @throws AppError `WEIGHTS_INVALID` for numbers that are not finite, and for negative variances
   */
  check(): Promise<void>;
}

/** What a file of weights turned out to be. */
export interface OfferSource {
  /** Null: none of the networks known here. */
  readonly source: SourceNetwork | null;
  /** What the file's names have before those of the network; null: nothing. */
  readonly prefix: string | null;
  /** The keys of the state dictionary in a larger dictionary; null: the file is it. */
  readonly container: string | null;
}

/** Gathers the variables that a file offers. */
export class ImportedOffer implements OfferedWeights<ImportedVariable> {
  readonly variables = new Map<string, ImportedVariable>();
  readonly unknown: string[] = [];
  /** Names of tensors outside of the network, which are not used. */
  readonly ignored: string[] = [];
  otherHead: string | null = null;
  /** The epsilon of the batch normalizations where the file does not state it; null: it does, or there are none. */
  unstatedEpsilon: number | null = null;
  /** The same where nobody gave it either. */
  assumedEpsilon: number | null = null;
  classNames: readonly string[] | null = null;
  /** Why the class names in the file cannot be used, as a clause; null: they can, or there are none. */
  classNamesFlaw: string | null = null;

  constructor(readonly found: OfferSource) {}

  get looksLike(): string | null {
    const { source, prefix } = this.found;
    return source === null ? null : describeSource(source, prefix);
  }

  /**
   * @param variable its `shape` and `read` default to those of the tensor, and `check` to a check of the tensor
   */
  add(variable: string, tensor: StoredTensor, value: Partial<ImportedVariable> = {}): void {
    this.variables.set(variable, {
      shape: tensor.shape,
      dtype: tensor.dtype,
      source: sourceOf(tensor),
      read: () => readWhole(tensor),
      check: () => checkFinite(tensor),
      ...value,
    });
  }

  /** Notes that the file does not state the epsilon of its batch normalizations. */
  noteUnstatedEpsilon(given: number | null, usual: number): void {
    this.unstatedEpsilon = given ?? usual;
    if (given === null) this.assumedEpsilon = usual;
  }

  /** Notes a tensor for which the network has no place. */
  addUnknown({ name, shape }: StoredTensor, expected = "nothing of that name"): void {
    this.unknown.push(`- ${quoted(name)}: expected ${expected}, found [${shape.join(", ")}].`);
  }
}

function sourceOf({ name }: StoredTensor): string {
  return quoted(name);
}

/** The number of elements that are converted at once, which takes a millisecond or two. */
const SLICE_ELEMENTS = 256 * 1024;

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
    if (!areFinite(values)) {
      const wrong = values.find((value) => !Number.isFinite(value)) ?? Number.NaN;
      throw unusableNumber(tensor, wrong, "finite numbers");
    }
    yield { start, values };
  }
}

/** Faster than a test of each number, of which a file has more than a hundred million. */
function areFinite(values: Float32Array): boolean {
  let sum = 0;
  // NaN and the infinities give NaN, all other numbers 0.
  for (let index = 0; index < values.length; index++) sum += (values[index] ?? 0) * 0;
  return sum === 0;
}

/** An error about a number with which no network can compute. */
export function unusableNumber({ name }: StoredTensor, found: number, expected: string): AppError {
  return new AppError(
    "WEIGHTS_INVALID",
    `The tensor ${quoted(name)} must hold ${expected}. Received ${found}. The training that wrote it diverged, or the ` +
      "file is damaged: use an earlier checkpoint.",
  );
}

export async function readWhole(tensor: StoredTensor): Promise<Float32Array<ArrayBuffer>> {
  const whole = new Float32Array(elementsOf(tensor.shape, quoted(tensor.name)));
  for await (const { start, values } of slicesOf(tensor)) whole.set(values, start);
  return whole;
}

/** @throws AppError `WEIGHTS_INVALID` */
export async function checkFinite(tensor: StoredTensor): Promise<void> {
  for await (const _slice of slicesOf(tensor));
}
