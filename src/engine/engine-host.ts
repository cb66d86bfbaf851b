import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../core/app-error.js";
import type { SavedModelGraph, SignatureTable } from "../graph/saved-model/signature.js";
import type { Log } from "../telemetry/log.js";
import { setEngineEnvironment } from "./engine-environment.js";
import { describeEngine } from "./engine-info.js";
import type { EngineInfo } from "./engine-protocol.js";
import { EngineThread } from "./engine-thread.js";
import type { NativeLibrary } from "./native-library.js";
import { type Session, ThreadSession } from "./session.js";

export interface EngineHostOptions {
  readonly nativeLibrary: NativeLibrary;
  /** The same for all engines of a process. */
  readonly threads: number;
  /** For graphs while the library loads them; created when missing, and empty afterwards. */
  readonly workFolder: string;
  readonly log: Log;
}

/**
 * Runs TensorFlow in a worker thread, so that the event loop never waits for it. One process can have several hosts,
 * each with its own thread.
 *
 * A thread that ended, or that leaked the inputs of many refused runs, is replaced when the next graph is opened.
 * Sessions of a thread that ended fail with `ENGINE_FAILED`; open them again.
 */
export class EngineHost implements AsyncDisposable {
  /** Each refused run leaks one batch of inputs; this many take a few hundred megabytes at most. */
  static readonly MAX_FAILED_RUNS = 32;

  readonly #options: EngineHostOptions;
  #thread: EngineThread;
  #replacement: Promise<EngineThread> | null = null;
  /** Number of sessions that are open or being opened. */
  #sessions = 0;
  #closed = false;

  private constructor(
    options: EngineHostOptions,
    thread: EngineThread,
    readonly info: EngineInfo,
  ) {
    this.#options = options;
    this.#thread = thread;
  }

  /**
   * Loads the native library in a new thread.
   *
   * @throws AppError `ENGINE_FAILED`, `ENGINE_THREADS_FIXED`
   */
  static async start(options: EngineHostOptions): Promise<EngineHost> {
    setEngineEnvironment(process.env, options.threads);
    await mkdir(options.workFolder, { recursive: true });
    const { nativeLibrary, threads } = options;
    const { thread, ...found } = await EngineThread.start(nativeLibrary);
    const info = await describeEngine({ ...found, threads, hasKernels: nativeLibrary.kernelsFile !== null });
    options.log.debug("engine started", { ...info });
    return new EngineHost(options, thread, info);
  }

  /** False when the engine's thread has died; opening the next graph replaces it. */
  get isAlive(): boolean {
    return this.#thread.alive;
  }

  /** Number of runs that the library refused since its thread was started; each leaked its inputs. */
  get failedRuns(): number {
    return this.#thread.failedRuns;
  }

  /**
   * Loads a graph without weights: run its `init` or `restore` first.
   *
   * @throws AppError `ENGINE_ERROR` when the library refuses the graph
   */
  async openGraph(graph: SavedModelGraph): Promise<Session> {
    this.#requireOpen();
    const folder = await mkdtemp(path.join(this.#options.workFolder, "graph-"));
    try {
      await writeFile(path.join(folder, "saved_model.pb"), graph.bytes);
      return await this.openSavedModel(folder, graph.signatures);
    } finally {
      // The library keeps the graph in memory and does not read the folder again.
      await rm(folder, { recursive: true, force: true });
    }
  }

  /**
   * Loads a SavedModel, for which the library restores the weights in `variables/`.
   *
   * @throws AppError `ENGINE_ERROR` when the library refuses the graph or its weights
   */
  async openSavedModel(folder: string, signatures: SignatureTable): Promise<Session> {
    const thread = await this.#usableThread();
    this.#sessions += 1;
    const closed = (): void => {
      this.#sessions -= 1;
    };
    try {
      const { session } = await thread.call("load", { folder });
      return new ThreadSession(signatures, thread, session, closed);
    } catch (error) {
      closed();
      throw error;
    }
  }

  /** Waits for the current runs, then ends the thread with all its sessions. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#replacement?.catch(() => {}); // Its failure went to those who opened a graph.
    await this.#thread[Symbol.asyncDispose]();
  }

  async #usableThread(): Promise<EngineThread> {
    this.#requireOpen();
    if (this.#replacement !== null) return this.#replacement;
    const leaky = this.#sessions === 0 && this.#thread.failedRuns >= EngineHost.MAX_FAILED_RUNS;
    if (this.#thread.alive && !leaky) return this.#thread;
    this.#replacement = this.#replaceThread().finally(() => {
      this.#replacement = null;
    });
    return this.#replacement;
  }

  #requireOpen(): void {
    if (this.#closed) throw new AppError("ENGINE_CLOSED", "The engine is closed: no graph can be opened.");
  }

  async #replaceThread(): Promise<EngineThread> {
    const { log, nativeLibrary } = this.#options;
    log.warn("engine restarts", { alive: this.#thread.alive, failedRuns: this.#thread.failedRuns });
    await this.#thread[Symbol.asyncDispose]();
    const { thread } = await EngineThread.start(nativeLibrary);
    this.#thread = thread;
    return thread;
  }
}
