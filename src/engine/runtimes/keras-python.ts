import path from "node:path";
import { z } from "zod";
import { AppError } from "../../core/app-error.js";
import { projectRoot } from "../../lang/project-root.js";
import { MessageProcess } from "./message-process.js";
import type { OfficialRuntime, RuntimeOutputs } from "./official-runtime.js";

/** Python reads the source, so that the compiled code needs no copy of it. */
const SERVER_FILE = "src/engine/runtimes/keras_server.py";

export interface KerasPythonOptions {
  /** The Python of ESPALIER_PYTHON; null where it is not set. */
  readonly python: string | null;
  /** For files of Keras while it is open. */
  readonly workFolder: string;
  readonly threads: number;
}

/** The first message of keras_server.py. */
const DESCRIPTION = z.union([
  z.object({ keras: z.string(), backend: z.string(), backendVersion: z.string() }),
  z.object({ refused: z.enum(["runtime", "file"]), reason: z.string() }),
]);

/**
 * Opens a `.keras` file in a process with the Keras of ESPALIER_PYTHON, in its safe mode. It computes on the processor: a
 * GPU may be full of a training, and rounds its products to fewer bits.
 *
 * @throws AppError `RUNTIME_UNAVAILABLE` where there is no Python with Keras 3; Error for a file that Keras cannot open
 */
export async function openKerasRuntime(file: string, options: KerasPythonOptions): Promise<OfficialRuntime> {
  const { python } = options;
  if (python === null) {
    throw new AppError(
      "RUNTIME_UNAVAILABLE",
      "ESPALIER_PYTHON names no Python. Set it to the path of one that has Keras 3 to have .keras files opened in Keras.",
    );
  }
  const server = path.join(projectRoot(import.meta.dirname), SERVER_FILE);
  const process = new MessageProcess(python, [server, file], environmentOf(options));
  try {
    const message = await process.receive();
    if (typeof message === "string") throw unavailable(python, message);
    const description = DESCRIPTION.parse(JSON.parse(message.toString("utf8")));
    if (!("refused" in description)) {
      const { keras, backend, backendVersion } = description;
      return new KerasPython(process, python, `${keras} (${backend} ${backendVersion})`);
    }
    const { refused, reason } = description;
    if (refused === "runtime") throw unavailable(python, reason);
    throw new Error(`The .keras file is not one that Keras reads. ${reason}`);
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

/** Nothing of this process's settings of TensorFlow reaches the other one, and nothing of the user's settings of Keras. */
function environmentOf({ workFolder, threads }: KerasPythonOptions): NodeJS.ProcessEnv {
  const { PATH, HOME, KERAS_BACKEND } = process.env;
  return {
    ...Object.fromEntries(
      Object.entries({ PATH, HOME, KERAS_BACKEND }).filter(([, value]) => value !== undefined),
    ),
    KERAS_HOME: workFolder,
    TMPDIR: workFolder,
    CUDA_VISIBLE_DEVICES: "",
    OMP_NUM_THREADS: String(threads),
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: String(threads),
    TF_CPP_MIN_LOG_LEVEL: "3",
    PYTHONDONTWRITEBYTECODE: "1",
  };
}

class KerasPython implements OfficialRuntime {
  readonly name = "Keras";

  constructor(
    private readonly process: MessageProcess,
    private readonly python: string,
    /** "3.15.1 (tensorflow 2.21.0)" */
    readonly version: string,
  ) {}

  /** @throws AppError `RUNTIME_UNAVAILABLE` when the process ends */
  async run(images: Uint8Array, count: number): Promise<RuntimeOutputs> {
    this.process.send(images);
    const answer = await this.process.receive();
    if (typeof answer === "string") throw unavailable(this.python, answer);
    // A copy, because a message may begin at any byte of its buffer.
    const values = new Float32Array(Uint8Array.from(answer).buffer);
    const half = values.length / 2;
    if (half % count !== 0) {
      throw new Error(`Expected two outputs for ${count} images. Received ${values.length} numbers.`);
    }
    return { probabilities: values.subarray(0, half), logits: values.subarray(half) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}

function unavailable(python: string, reason: string): AppError {
  return new AppError(
    "RUNTIME_UNAVAILABLE",
    `The Python of ESPALIER_PYTHON (${python}) cannot run Keras: ${reason}. ` +
      `It needs Keras 3 and a backend: "${python}" -m pip install keras tensorflow.`,
  );
}
