/** Reads `count` elements of a storage from `start` on. */
type ReadStorage = (start: number, count: number) => Promise<Float32Array>;

/** An axis of a tensor, with its steps in elements. */
interface Axis {
  readonly size: number;
  /** Between neighbors in the storage. */
  readonly stride: number;
  /** Between neighbors in row-major order. */
  readonly step: number;
}

/** The most elements that are read at once, and put into order in a millisecond or two. */
const BAND_ELEMENTS = 256 * 1024;

/**
 * Reads a tensor whose elements lie in another order than row-major, such as a transposed matrix. Its storage is read in
 * bands, so that only the tensor itself is in memory, once.
 */
export async function readStrided(
  shape: readonly number[],
  strides: readonly number[],
  read: ReadStorage,
): Promise<Float32Array<ArrayBuffer>> {
  let elements = 1;
  const axes: Axis[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    axes.push({ size, stride: strides[axis] ?? 0, step: elements });
    elements *= size;
  }
  const to = new Float32Array(elements);
  if (elements > 0) {
    // In the order of the storage, so that each band is near the one before it.
    axes.sort((one, other) => other.stride - one.stride);
    await fill(to, axes, read);
  }
  return to;
}

/** Puts the elements of the part of a tensor that `axes` span into their places. */
async function fill(
  to: Float32Array,
  axes: readonly Axis[],
  read: ReadStorage,
  from = 0,
  place = 0,
): Promise<void> {
  const [outer, ...inner] = axes;
  if (outer === undefined || spanOf(axes) <= BAND_ELEMENTS) {
    scatter(to, axes, await read(from, spanOf(axes)), 0, place);
    return;
  }
  const { size, stride, step } = outer;
  // As many steps along the outer axis as fit into a band; one where not even one does.
  const together = Math.max(1, Math.floor((BAND_ELEMENTS - spanOf(inner)) / stride) + 1);
  for (let index = 0; index < size; index += together) {
    const count = Math.min(together, size - index);
    const part = count === 1 ? inner : [{ ...outer, size: count }, ...inner];
    await fill(to, part, read, from + index * stride, place + index * step);
  }
}

/** The elements of the storage from the first to the last one. */
function spanOf(axes: readonly Axis[]): number {
  return axes.reduce((sum, { size, stride }) => sum + (size - 1) * stride, 1);
}

function scatter(
  to: Float32Array,
  [outer, ...inner]: readonly Axis[],
  band: Float32Array,
  from: number,
  place: number,
): void {
  if (outer === undefined) {
    to[place] = band[from] ?? 0;
    return;
  }
  const { size, stride, step } = outer;
  if (inner.length > 0) {
    for (let index = 0; index < size; index++) {
      scatter(to, inner, band, from + index * stride, place + index * step);
    }
    return;
  }
  for (let index = 0; index < size; index++) to[place + index * step] = band[from + index * stride] ?? 0;
}
