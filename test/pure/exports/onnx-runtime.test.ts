import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../../src/core/app-error.js";
import { openOnnxRuntime } from "../../../src/engine/runtimes/onnx-runtime.js";

test("a platform that ONNX Runtime has no library for is told of, with the cause", async (t) => {
  const { arch } = process;
  t.after(() => Object.defineProperty(process, "arch", { value: arch }));
  Object.defineProperty(process, "arch", { value: "riscv64" });
  await assert.rejects(
    openOnnxRuntime("model.onnx", 1),
    (error) =>
      hasCode(error, "RUNTIME_UNAVAILABLE") &&
      error.message.includes("riscv64") &&
      error.message.includes("onnxruntime_binding.node") &&
      error.cause instanceof Error,
  );
});
