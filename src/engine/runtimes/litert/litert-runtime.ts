import { AppError } from "../../../core/app-error.js";
import { OwnedResources } from "../../../lang/owned-resources.js";
import { messageOf } from "../../../lang/text/message-of.js";
import { detectMachine } from "../../native/machine.js";
import type { OfficialRuntime, RuntimeOutputs } from "../official-runtime.js";
import type { Handle, LiteRtApi } from "./litert-api.js";
import { LITERT_VERSION, provideLiteRt } from "./litert-library.js";
import {
  parseQuantization,
  parseTensorType,
  QUANTIZATION_BYTES,
  type Quantization,
  TENSOR_TYPE_BYTES,
  type TensorType,
} from "./litert-structs.js";

const CPU = 1;
const ENVIRONMENT_OPTION_BYTES = 24;
/** LiteRtEnvOptionTag; the values are integers. */
const ENVIRONMENT_OPTIONS = [
  // Accelerators to register: no GPU or NPU is looked for.
  { tag: 24, value: CPU },
  // Severity of logged lines: errors.
  { tag: 25, value: 3 },
] as const;
const INTEGER = 2;
/** The identifier of the options of the CPU accelerator, which are TOML. */
const CPU_OPTIONS = "xnnpack";

/**
 * Opens a `.tflite` file in LiteRT, on the processor. A damaged file may end the process, so it is opened in a process of
 * its own.
 *
 * @throws AppError `RUNTIME_UNAVAILABLE`; `RUNTIME_FAILED` when LiteRT refuses the file
 */
export async function openLiteRt(
  file: string,
  context: {
    readonly cacheFolder: string;
    readonly threads: number;
    readonly progress: (line: string) => void;
  },
): Promise<OfficialRuntime> {
  const { cacheFolder, threads, progress } = context;
  const libraryFile = await provideLiteRt({ cacheFolder, machine: detectMachine(process.env), progress });
  const api = await loadApi(libraryFile);
  await using opened = new OwnedResources();
  const environment = api.create("LiteRtCreateEnvironment", ENVIRONMENT_OPTIONS.length, environmentOptions());
  opened.defer(() => api.destroy("LiteRtDestroyEnvironment", environment));
  const model = api.create("LiteRtCreateModelFromFile", environment, file);
  opened.defer(() => api.destroy("LiteRtDestroyModel", model));
  const options = createOptions(api, threads);
  opened.defer(() => api.destroy("LiteRtDestroyOptions", options));
  const compiled = api.create("LiteRtCreateCompiledModel", environment, model, options);
  opened.defer(() => api.destroy("LiteRtDestroyCompiledModel", compiled));

  const subgraph = api.create("LiteRtGetModelSubgraph", model, 0);
  const images = api.create("LiteRtGetSubgraphInput", subgraph, 0);
  const probabilities = api.create("LiteRtGetSubgraphOutput", subgraph, 0);
  return new LiteRtRuntime(
    api,
    environment,
    compiled,
    {
      input: readType(api, images),
      output: readType(api, probabilities),
      quantization: readQuantization(api, probabilities),
    },
    opened.move(),
  );
}

/**
 * Loads the library. The native code that calls it is loaded with it, and not before: the server itself only describes
 * runtimes.
 */
async function loadApi(libraryFile: string): Promise<LiteRtApi> {
  const { LiteRtApi } = await import("./litert-api.js").catch((cause: unknown) => {
    const reason = messageOf(cause);
    throw new AppError(
      "RUNTIME_UNAVAILABLE",
      `The package koffi, which calls LiteRT, cannot be loaded: ${reason}`,
      {
        cause,
      },
    );
  });
  return new LiteRtApi(libraryFile);
}

interface Tensors {
  readonly input: TensorType;
  readonly output: TensorType;
  readonly quantization: Quantization | null;
}

interface Buffers {
  readonly images: number;
  readonly input: Handle;
  readonly output: Handle;
}

class LiteRtRuntime implements OfficialRuntime {
  readonly name = "LiteRT";
  readonly version = LITERT_VERSION;
  #buffers: Buffers | null = null;

  constructor(
    private readonly api: LiteRtApi,
    private readonly environment: Handle,
    private readonly compiled: Handle,
    private readonly tensors: Tensors,
    private readonly resources: OwnedResources,
  ) {}

  async run(images: Uint8Array, count: number): Promise<RuntimeOutputs> {
    const { api, compiled } = this;
    const { input, output } = this.#buffersFor(count);
    api.withBytes(input, "write", (bytes) => {
      if (bytes.length < images.length) throw unexpectedSize("input", images.length, bytes.length);
      bytes.set(images);
    });
    await api.callAside("LiteRtRunCompiledModel", compiled, 0, 1, [input], 1, [output]);
    const probabilities = api.withBytes(output, "read", (bytes) => this.#probabilities(bytes, count));
    return { probabilities, logits: null };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#destroyBuffers();
    await this.resources[Symbol.asyncDispose]();
  }

  /** Tensor buffers for a number of images, which are kept until the number changes. */
  #buffersFor(count: number): Buffers {
    if (this.#buffers?.images === count) return this.#buffers;
    this.#destroyBuffers();
    const { api, environment, compiled } = this;
    const input = this.tensors.input.withBatch(count);
    const output = this.tensors.output.withBatch(count);
    const { dimensions } = input;
    api.call(
      "LiteRtCompiledModelResizeInputTensor",
      compiled,
      0,
      0,
      Int32Array.from(dimensions),
      dimensions.length,
    );
    // Asking for the layouts carries the new size through the network.
    const layout = Buffer.alloc(TENSOR_TYPE_BYTES);
    api.call("LiteRtGetCompiledModelOutputTensorLayouts", compiled, 0, 1, layout, true);
    const inputRequirements = api.create("LiteRtGetCompiledModelInputBufferRequirements", compiled, 0, 0);
    const outputRequirements = api.create("LiteRtGetCompiledModelOutputBufferRequirements", compiled, 0, 0);
    const create = (type: TensorType, requirements: Handle): Handle =>
      api.create("LiteRtCreateManagedTensorBufferFromRequirements", environment, type.bytes, requirements);
    const inputBuffer = create(input, inputRequirements);
    try {
      this.#buffers = { images: count, input: inputBuffer, output: create(output, outputRequirements) };
    } catch (error) {
      api.destroy("LiteRtDestroyTensorBuffer", inputBuffer);
      throw error;
    }
    return this.#buffers;
  }

  #destroyBuffers(): void {
    const buffers = this.#buffers;
    this.#buffers = null;
    if (buffers === null) return;
    this.api.destroy("LiteRtDestroyTensorBuffer", buffers.input);
    this.api.destroy("LiteRtDestroyTensorBuffer", buffers.output);
  }

  /** @param bytes may be more than there are probabilities, because buffers are aligned */
  #probabilities(bytes: Uint8Array, count: number): Float32Array {
    const { output, quantization } = this.tensors;
    const { elementType, elements } = output.withBatch(count);
    const sizeBytes = elements * (elementType === "FLOAT32" ? 4 : 1);
    if (bytes.length < sizeBytes) throw unexpectedSize("output", sizeBytes, bytes.length);
    const copied = bytes.slice(0, sizeBytes);
    if (elementType === "FLOAT32") return new Float32Array(copied.buffer);
    if (quantization === null)
      throw new AppError("RUNTIME_FAILED", "The probabilities are integers without a scale.");
    const { scale, zeroPoint } = quantization;
    return Float32Array.from(copied, (value) => (value - zeroPoint) * scale);
  }
}

function unexpectedSize(tensor: "input" | "output", expected: number, received: number): AppError {
  return new AppError(
    "RUNTIME_FAILED",
    `Expected ${expected} bytes of the ${tensor}. LiteRT has ${received}.`,
  );
}

function environmentOptions(): Buffer {
  const bytes = Buffer.alloc(ENVIRONMENT_OPTIONS.length * ENVIRONMENT_OPTION_BYTES);
  for (const [index, { tag, value }] of ENVIRONMENT_OPTIONS.entries()) {
    const start = index * ENVIRONMENT_OPTION_BYTES;
    bytes.writeInt32LE(tag, start);
    bytes.writeInt32LE(INTEGER, start + 8);
    bytes.writeBigInt64LE(BigInt(value), start + 16);
  }
  return bytes;
}

function createOptions(api: LiteRtApi, threads: number): Handle {
  const options = api.create("LiteRtCreateOptions");
  try {
    api.call("LiteRtSetOptionsHardwareAccelerators", options, CPU);
    const { text, free } = api.ownedText(`num_threads = ${threads}\n`);
    const processor = api.create("LiteRtCreateOpaqueOptions", CPU_OPTIONS, text, free);
    api.call("LiteRtAddOpaqueOptions", options, processor);
    return options;
  } catch (error) {
    api.destroy("LiteRtDestroyOptions", options);
    throw error;
  }
}

function readType(api: LiteRtApi, tensor: Handle): TensorType {
  const bytes = Buffer.alloc(TENSOR_TYPE_BYTES);
  api.call("LiteRtGetRankedTensorType", tensor, bytes);
  return parseTensorType(bytes);
}

/** Null for a tensor without quantization. */
function readQuantization(api: LiteRtApi, tensor: Handle): Quantization | null {
  if (readType(api, tensor).elementType === "FLOAT32") return null;
  const bytes = Buffer.alloc(QUANTIZATION_BYTES);
  api.call("LiteRtGetPerTensorQuantization", tensor, bytes);
  return parseQuantization(bytes);
}
