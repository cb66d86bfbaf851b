import assert from "node:assert/strict";
import { test } from "node:test";
import { reportsLackOfMemory } from "../../../src/engine/lack-of-memory.js";

const ONEDNN = (status: number, message: string): string =>
  `Operation received an exception:Status: ${status}, message: ${message}, in file tensorflow/core/kernels/mkl/` +
  "mkl_conv_ops.cc:1132\n\t [[{{node block1_conv1/Conv2D}}]]";

for (const message of [
  "OOM when allocating tensor with shape[64,224,224,64] and type float on /job:localhost/device:CPU:0 by allocator mklcpu",
  ONEDNN(1, "could not create a memory object"),
  ONEDNN(1, "could not execute a primitive"),
  ONEDNN(2, "could not create a memory object"),
  "could not create a memory object",
  "Allocator (GPU_0_bfc) ran out of memory trying to allocate 2.25GiB with freed_by_count=0.",
  "Failed to allocate memory for the batch of component 0",
  "failed to alloc 8589934592 bytes on host: CUDA_ERROR_OUT_OF_MEMORY: out of memory",
  "CUDA_ERROR_OUT_OF_MEMORY",
  "Failed to create cuDNN handle: CUDNN_STATUS_ALLOC_FAILED",
  "Dst tensor is not initialized.",
  "std::bad_alloc",
  "mmap: Cannot allocate memory",
  "Array buffer allocation failed",
]) {
  test(`memory ran out: ${message.split("\n")[0]}`, () => assert.ok(reportsLackOfMemory(message)));
}

for (const message of [
  ONEDNN(6, "could not execute a primitive"),
  ONEDNN(3, "could not create a primitive descriptor for a convolution forward propagation primitive"),
  ONEDNN(12, "could not execute a primitive"),
  "RESOURCE_EXHAUSTED: /runs/x/variables: No space left on device",
  "RESOURCE_EXHAUSTED: /runs/x/images.shard; Too many open files",
  "Input to reshape is a tensor with 3 values, but the requested shape has 4",
  "Unable to get element as bytes.",
]) {
  test(`another failure: ${message.split("\n")[0]}`, () => assert.ok(!reportsLackOfMemory(message)));
}
