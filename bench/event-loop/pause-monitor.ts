import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { z } from "zod";

const RESOLUTION_MS = 1;
const NANOSECONDS_PER_MS = 1e6;

const TO_IDLE_THREAD = z.enum(["start", "stop"]);
/** Its longest pause, in milliseconds. */
const FROM_IDLE_THREAD = z.number();

export interface Pauses {
  readonly longestMs: number;
  readonly p99Ms: number;
  /** The longest pause of a thread that does nothing: how long the machine itself lets threads wait for a processor. */
  readonly longestOfIdleThreadMs: number;
}

/** Measures how late timers fire in the event loop of this thread and, for comparison, in that of an idle thread. */
export class PauseMonitor implements AsyncDisposable {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  private constructor(private readonly idleThread: Worker) {}

  static async open(): Promise<PauseMonitor> {
    const idleThread = new Worker(new URL(import.meta.url));
    await once(idleThread, "message");
    return new PauseMonitor(idleThread);
  }

  start(): void {
    this.idleThread.postMessage(TO_IDLE_THREAD.enum.start);
    this.#delay.enable();
  }

  async stop(): Promise<Pauses> {
    this.#delay.disable();
    this.idleThread.postMessage(TO_IDLE_THREAD.enum.stop);
    const [received] = await once(this.idleThread, "message");
    const longestOfIdleThreadMs = FROM_IDLE_THREAD.parse(received);
    return {
      longestMs: pauseMs(this.#delay.max),
      p99Ms: pauseMs(this.#delay.percentile(99)),
      longestOfIdleThreadMs,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.idleThread.terminate();
  }
}

function pauseMs(nanoseconds: number): number {
  return Math.max(0, Math.round((nanoseconds / NANOSECONDS_PER_MS - RESOLUTION_MS) * 10) / 10);
}

/** Measures the idle thread itself between the messages "start" and "stop". */
function watchIdleThread(delay: ReturnType<typeof monitorEventLoopDelay>): void {
  parentPort?.on("message", (message: unknown) => {
    if (TO_IDLE_THREAD.parse(message) === "start") {
      delay.enable();
    } else {
      delay.disable();
      parentPort?.postMessage(pauseMs(delay.max));
    }
  });
  parentPort?.postMessage("ready");
}

if (!isMainThread) watchIdleThread(monitorEventLoopDelay({ resolution: RESOLUTION_MS }));
