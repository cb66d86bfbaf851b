import type { TensorValue } from "./engine-protocol.js";

/**
 * Lists the buffers of `values` that can move to another thread without a copy: those that one array covers entirely. A
 * view of a larger buffer must be copied first (see `detachable`).
 */
export function transferables(values: readonly TensorValue[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of values) {
    if (ArrayBuffer.isView(data) && data.buffer instanceof ArrayBuffer) buffers.add(data.buffer);
  }
  return [...buffers];
}

/**
 * Returns a tensor whose data can move to another thread: the tensor itself when its array covers its buffer entirely or
 * lies in shared memory, else a copy, because moving a part of a buffer would move the rest too.
 */
export function detachable(value: TensorValue): TensorValue {
  const { data } = value;
  if (!ArrayBuffer.isView(data) || !(data.buffer instanceof ArrayBuffer)) return value;
  if (data.byteLength === data.buffer.byteLength) return value;
  // `slice` of a Buffer would share the memory.
  return { ...value, data: data instanceof Uint8Array ? Uint8Array.from(data) : data.slice() };
}
