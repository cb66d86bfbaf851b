import type { TensorValue } from "./engine-protocol.js";

/**
 * The buffers of `values` that can change threads without a copy: those that one array covers whole.
 * A view of a larger buffer must be copied first (see `detachable`).
 */
export function transferables(values: readonly TensorValue[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of values) {
    if (ArrayBuffer.isView(data) && data.buffer instanceof ArrayBuffer) buffers.add(data.buffer);
  }
  return [...buffers];
}

/**
 * A tensor whose data may be handed to another thread: itself when its array covers its buffer whole
 * or lies in shared memory, else a copy, since moving a part would take the rest along.
 */
export function detachable(value: TensorValue): TensorValue {
  const { data } = value;
  if (!ArrayBuffer.isView(data) || !(data.buffer instanceof ArrayBuffer)) return value;
  if (data.byteLength === data.buffer.byteLength) return value;
  // A Buffer's own `slice` would share the memory.
  return { ...value, data: data instanceof Uint8Array ? Uint8Array.from(data) : data.slice() };
}
