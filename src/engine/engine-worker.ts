/** Entry point of the engine's thread: loads the native library and answers requests one after another. */
import { constants, setPriority } from "node:os";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { messageOf } from "../lang/text/message-of.js";
import { dataTypeNumber } from "./data-types.js";
import {
  ENGINE_REQUEST_SCHEMA,
  ENGINE_WORKER_DATA_SCHEMA,
  type EngineCalls,
  type EngineFailure,
  type EngineReply,
  type EngineRequest,
  type TensorValue,
} from "./engine-protocol.js";
import { reportsLackOfMemory } from "./lack-of-memory.js";
import { loadKernels, loadNativeBinding, type NativeData } from "./native-binding.js";
import { transferables } from "./transfer.js";

if (parentPort === null) throw new Error("engine-worker.js must be started as a worker thread.");
const port: MessagePort = parentPort;
const { addonFile, kernelsFile } = ENGINE_WORKER_DATA_SCHEMA.parse(workerData);
// On Linux this affects the calling thread alone, and the threads that the library starts inherit it. They use all
// processors, and the thread of the event loop must not wait for them.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
const binding = loadNativeBinding(addonFile);
if (kernelsFile !== null) loadKernels(kernelsFile);

port.on("message", (message: unknown) => {
  const request = ENGINE_REQUEST_SCHEMA.parse(message);
  const { id } = request;
  try {
    const answer = answerTo(request);
    const values = "values" in answer ? answer.values : [];
    reply({ kind: "answer", id, answer }, transferables(values));
  } catch (error) {
    reply({ kind: "failure", id, ...describeFailure(error) });
  }
});

reply({ kind: "ready", tensorflowVersion: binding.TF_Version, usesGpu: binding.isUsingGpuDevice() });

function answerTo({ call, request }: EngineRequest): EngineCalls[EngineRequest["call"]]["answer"] {
  switch (call) {
    case "load":
      return { session: binding.loadSavedModel(request.folder, "serve") };
    case "run":
      return { values: run(request) };
    case "unload":
      binding.deleteSavedModel(request.session);
      return {};
    case "stop":
      port.close();
      return {};
  }
}

function reply(message: EngineReply, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function run({ session, inputs, outputs }: EngineCalls["run"]["request"]): TensorValue[] {
  const tensors: number[] = [];
  try {
    for (const { value } of inputs) tensors.push(createTensor(value));
    const fetched = binding.runSavedModel(
      session,
      [...tensors],
      inputs.map(({ tensor }) => tensor).join(","),
      outputs.map(({ tensor }) => tensor).join(","),
    );
    tensors.push(...fetched.map(({ id }) => id));
    return outputs.map(({ tensor, dtype }, index) => {
      const output = fetched[index];
      if (output === undefined) throw new Error(`The library returned no value for ${tensor}.`);
      return { dtype, shape: output.shape, data: fromNative(binding.tensorDataSync(output.id)) };
    });
  } finally {
    for (const tensor of tensors) binding.deleteTensor(tensor);
  }
}

function createTensor({ dtype, shape, data }: TensorValue): number {
  const number = dataTypeNumber(dtype);
  if (number === null) throw new Error(`Tensors of type ${dtype} cannot be fed.`);
  return binding.createTensor(shape, number, toNative(data));
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function toNative(data: TensorValue["data"]): Parameters<typeof binding.createTensor>[2] {
  if (data instanceof BigInt64Array) {
    return new Int32Array(data.buffer, data.byteOffset, data.length * 2);
  }
  if (ArrayBuffer.isView(data)) return data;
  return data.map((text) => encoder.encode(text));
}

function fromNative(data: NativeData): TensorValue["data"] {
  return ArrayBuffer.isView(data) ? data : data.map((bytes) => decoder.decode(bytes));
}

function describeFailure(error: unknown): EngineFailure {
  const text = messageOf(error);
  // The other lines are hints on TensorFlow's options and a trace of graph nodes.
  const [first = ""] = text.replace(/^Session fail to run with error: /, "").split("\n");
  const message = first.trim().replace(/[.\s]*$/, ".");
  return { code: reportsLackOfMemory(text) ? "ENGINE_OUT_OF_MEMORY" : "ENGINE_ERROR", message };
}
