import type { InferenceSession, Tensor } from "onnxruntime-node";
import { AppError } from "../../core/app-error.js";
import { messageOf } from "../../lang/text/message-of.js";
import type { OfficialRuntime } from "./official-runtime.js";

/** The package with the library of ONNX Runtime for this platform. */
type OnnxRuntimeNode = typeof import("onnxruntime-node");

const INPUT = "images";
const OUTPUT = "probabilities";

/**
 * Opens an ONNX file in ONNX Runtime on the processor. It blocks the thread while it classifies.
 *
 * @throws AppError `RUNTIME_UNAVAILABLE`; `RUNTIME_FAILED` for a file that it refuses
 */
export async function openOnnxRuntime(file: string, threads: number): Promise<OfficialRuntime> {
  const { InferenceSession, Tensor, env } = await loadOnnxRuntime();
  const session = await attempt(() =>
    InferenceSession.create(file, {
      executionProviders: ["cpu"],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
    }),
  );
  const sizes = imageSizesOf(session);
  return {
    name: "ONNX Runtime",
    version: env.versions.node ?? env.versions.common,
    run: async (images, count) => {
      const feeds = { [INPUT]: new Tensor("uint8", images, [count, ...sizes]) };
      const outputs = await attempt(() => session.run(feeds));
      return { probabilities: floatsOf(outputs[OUTPUT]), logits: null };
    },
    [Symbol.asyncDispose]: () => session.release(),
  };
}

async function loadOnnxRuntime(): Promise<OnnxRuntimeNode> {
  try {
    // Only platforms with a library can load the package.
    return await import("onnxruntime-node");
  } catch (cause) {
    throw new AppError(
      "RUNTIME_UNAVAILABLE",
      `ONNX Runtime must be available for ${process.platform} on ${process.arch}, but the package onnxruntime-node cannot ` +
        `be loaded there: ${messageOf(cause)}. Export on another machine, or install the product's packages again.`,
      { cause },
    );
  }
}

async function attempt<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (cause) {
    throw new AppError("RUNTIME_FAILED", `ONNX Runtime failed: ${messageOf(cause)}`, { cause });
  }
}

/** Height, width and channels of the images that a file takes. */
function imageSizesOf({ inputMetadata }: InferenceSession): readonly number[] {
  const input = inputMetadata.find(({ name }) => name === INPUT);
  const sizes = input?.isTensor === true ? input.shape.slice(1) : [];
  return sizes.map(Number);
}

/** The values of an output, which do not belong to the session any more. */
function floatsOf(output: Tensor | undefined): Float32Array {
  if (!(output?.data instanceof Float32Array)) {
    throw new Error(`Expected float32 from ONNX Runtime. Received ${output?.type}.`);
  }
  const values = output.data.slice();
  output.dispose();
  return values;
}
