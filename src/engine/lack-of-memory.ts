/**
 * The messages by which a lack of memory is recognized, because status codes do not reach JavaScript. TensorFlow's
 * RESOURCE_EXHAUSTED is not among them: a full disk and too many open files have it too.
 */
const MESSAGES: readonly RegExp[] = [
  // TensorFlow's kernels and allocators, XLA, and CUDA (CUDA_ERROR_OUT_OF_MEMORY).
  /OOM when allocating/i,
  /out[ _]of[ _]memory/i,
  /(fail(ed|ure)|unable|could not) to alloc/i,
  /could not allocate/i,
  // A tensor that could not be copied to a GPU because there was no room for it.
  /Dst tensor is not initialized/,
  // cuDNN, cuBLAS and their relatives.
  /_STATUS_ALLOC_FAILED/,
  // oneDNN: the object of a tensor's memory, and every failure with its status dnnl_out_of_memory, which is 1.
  /could not create a memory object/,
  /received an exception:\s*Status: 1\b/,
  // The C++ and C libraries, and V8.
  /bad_alloc/,
  /cannot allocate memory/i,
  /Array buffer allocation failed/,
];

/** Whether the message of TensorFlow, or of a library below it, reports that memory ran out. */
export function reportsLackOfMemory(message: string): boolean {
  return MESSAGES.some((pattern) => pattern.test(message));
}
