import { Worker } from "node:worker_threads";
import { AppError } from "../core/app-error.js";
import {
  ANSWER_SCHEMAS,
  ENGINE_REPLY_SCHEMA,
  type EngineCall,
  type EngineCalls,
  type EngineReply,
} from "./engine-protocol.js";
import type { NativeLibrary } from "./native-library.js";

type ReadyReply = Extract<EngineReply, { kind: "ready" }>;

interface PendingCall {
  readonly call: EngineCall;
  /** Takes the answer as it came from the thread, not yet checked. */
  receive(answer: unknown): void;
  reject(error: unknown): void;
}

/** A worker thread with the native library, which answers calls in their order. */
export class EngineThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  readonly #ready = Promise.withResolvers<ReadyReply>();
  readonly #pending = new Map<number, PendingCall>();
  #nextId = 1;
  #failedRuns = 0;
  #failure: AppError | null = null;

  private constructor(worker: Worker) {
    this.#worker = worker;
    let cause: unknown;
    worker.on("error", (error) => {
      cause = error;
    });
    this.#ended = new Promise((resolve) => {
      worker.once("exit", (code) => {
        this.#fail(code, cause);
        resolve();
      });
    });
    worker.on("message", (message: unknown) => {
      const reply = ENGINE_REPLY_SCHEMA.safeParse(message);
      if (reply.success) {
        this.#receive(reply.data);
      } else {
        cause = reply.error;
        void worker.terminate();
      }
    });
  }

  /**
   * @throws AppError `ENGINE_FAILED` when the library cannot be loaded
   */
  static async start(
    nativeLibrary: NativeLibrary,
    workerModule = new URL("./engine-worker.js", import.meta.url),
  ): Promise<{ thread: EngineThread } & Omit<ReadyReply, "kind">> {
    const worker = new Worker(workerModule, { name: "engine", workerData: nativeLibrary });
    const thread = new EngineThread(worker);
    const failed = thread.#ended.then((): never => {
      throw thread.#failure ?? new AppError("ENGINE_FAILED", "The engine's thread ended while starting.");
    });
    const { tensorflowVersion, usesGpu } = await Promise.race([thread.#ready.promise, failed]);
    failed.catch(() => {}); // From here on the pending calls carry the failure.
    return { thread, tensorflowVersion, usesGpu };
  }

  get alive(): boolean {
    return this.#failure === null;
  }

  /** Number of runs that the library refused; each leaks the memory of its inputs until the thread ends. */
  get failedRuns(): number {
    return this.#failedRuns;
  }

  /**
   * @param transfer buffers that move to the thread with the request and are empty here afterwards
   * @throws AppError `ENGINE_ERROR` or `ENGINE_OUT_OF_MEMORY` from the library, `ENGINE_FAILED` when the thread has ended
   */
  call<Call extends EngineCall>(
    call: Call,
    request: EngineCalls[Call]["request"],
    transfer: ArrayBuffer[] = [],
  ): Promise<EngineCalls[Call]["answer"]> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    return new Promise<EngineCalls[Call]["answer"]>((resolve, reject) => {
      this.#worker.postMessage({ id, call, request }, transfer);
      const receive = (answer: unknown): void => {
        const parsed = ANSWER_SCHEMAS[call].safeParse(answer);
        if (parsed.success) resolve(parsed.data);
        else reject(parsed.error);
      };
      this.#pending.set(id, { call, receive, reject });
    });
  }

  /** Waits for the current calls, then ends the thread. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.call("stop", {}).catch(() => {}); // It has ended already.
    await this.#ended;
  }

  #receive(reply: EngineReply): void {
    if (reply.kind === "ready") {
      this.#ready.resolve(reply);
      return;
    }
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.kind === "answer") {
      pending?.receive(reply.answer);
      return;
    }
    if (pending?.call === "run") this.#failedRuns += 1;
    pending?.reject(new AppError(reply.code, reply.message));
  }

  #fail(exitCode: number, cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : `its thread ended with code ${exitCode}`;
    const failure = new AppError("ENGINE_FAILED", `The engine stopped: ${reason}.`, { cause });
    this.#failure = failure;
    for (const { reject } of this.#pending.values()) reject(failure);
    this.#pending.clear();
  }
}
