import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ClientError } from "../../src/client/client-error.js";
import {
  FROM_SUBSCRIBERS,
  type FromSubscribers,
  type Received,
  type Subscription,
  type ToSubscribers,
} from "./messages.js";

/** The process of all subscribers. Disposing ends it. */
export class Subscribers implements AsyncDisposable {
  private constructor(private readonly child: ChildProcess) {}

  /**
   * Starts the process and waits until every subscriber follows the run.
   *
   * @throws ClientError `SUBSCRIBERS_FAILED`; the signal's reason when it aborts
   */
  static async connect(
    subscription: Subscription,
    subscribers: number,
    signal: AbortSignal,
  ): Promise<Subscribers> {
    const main = fileURLToPath(import.meta.resolve("./subscribers-main.js"));
    // Standard output is reserved for the benchmark's result.
    const child = fork(main, { stdio: ["ignore", 2, 2, "ipc"] });
    const connected = new Subscribers(child);
    try {
      await connected.#ask({ kind: "subscribe", subscription, subscribers }, signal);
      return connected;
    } catch (error) {
      await connected[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Waits until every subscriber has the event with this sequence, or the time is over.
   *
   * @returns the counts and latencies of all subscribers
   *
   * @throws ClientError `SUBSCRIBERS_FAILED`; the signal's reason when it aborts
   */
  async finish(lastSequence: number, signal: AbortSignal): Promise<Received> {
    const answer = await this.#ask({ kind: "finish", lastSequence }, signal);
    if (answer.kind !== "received") throw new Error(`Expected what was received. Received ${answer.kind}.`);
    return answer.received;
  }

  async #ask(message: ToSubscribers, signal: AbortSignal): Promise<FromSubscribers> {
    const answered = once(this.child, "message", { signal });
    this.child.send(message);
    const [received] = await answered;
    const answer = FROM_SUBSCRIBERS.parse(received);
    if (answer.kind === "failed") throw new ClientError("SUBSCRIBERS_FAILED", answer.message);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, "exit");
    if (this.child.connected) this.child.disconnect();
    await exited;
  }
}
