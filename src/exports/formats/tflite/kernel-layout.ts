/** Elements of a piece: enough for long writes, little beside a kernel. */
const PIECE_ELEMENTS = 1 << 20;

/**
 * A kernel [..., outputs] with its outputs first, in pieces of whole outputs. A piece is overwritten by the next one.
 *
 * @param piece of the kernel's type, with at least the given number of elements
 */
export function* outputsFirst<Numbers extends Float32Array | Int8Array>(
  kernel: Numbers,
  outputs: number,
  piece: (elements: number) => Numbers,
): Generator<Numbers> {
  const inputs = kernel.length / outputs;
  const rows = Math.max(1, Math.min(outputs, Math.floor(PIECE_ELEMENTS / inputs)));
  const elements = piece(rows * inputs);
  for (let first = 0; first < outputs; first += rows) {
    const count = Math.min(rows, outputs - first);
    for (let input = 0; input < inputs; input++) {
      const from = input * outputs + first;
      for (let row = 0; row < count; row++) elements[row * inputs + input] = kernel[from + row] ?? 0;
    }
    yield elements.subarray(0, count * inputs) as Numbers;
  }
}
