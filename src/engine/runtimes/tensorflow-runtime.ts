import { IMAGE_CHANNELS } from "../../graph/architectures/preprocessing.js";
import type { EngineHost } from "../engine-host.js";
import type { TensorValue } from "../engine-protocol.js";
import type { Session } from "../session.js";
import type { OfficialRuntime } from "./official-runtime.js";

/**
 * TensorFlow with a graph that has the signature `serving_default`: images -> probabilities and logits.
 *
 * @param host the engine of the session; without custom ops, it is the TensorFlow that everybody has
 * @param session is owned by the result
 */
export function tensorflowRuntime(
  host: EngineHost,
  session: Session,
  imageSizePixels: number,
): OfficialRuntime {
  return {
    name: "TensorFlow",
    version: host.info.tensorflowVersion,
    run: async (images, count) => {
      const shape = [count, imageSizePixels, imageSizePixels, IMAGE_CHANNELS];
      const outputs = await session.run("serving_default", {
        images: { dtype: "uint8", shape, data: images },
      });
      return { probabilities: floats(outputs.probabilities), logits: floats(outputs.logits) };
    },
    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]();
    },
  };
}

function floats(tensor: TensorValue | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new Error(`Expected a float32 output of serving_default. Received ${tensor?.dtype}.`);
}
