import { AppError, hasCode } from "../core/app-error.js";
import type { Session } from "./session.js";

export interface SessionCacheLimits {
  /** Number of sessions that are kept open. */
  readonly sessions: number;
  /** Sum of their sizes. */
  readonly bytes: number;
}

/** A session that can be opened. */
export interface Openable {
  /** Identifies the session. */
  readonly key: string;
  /** Approximate memory that it takes while it is open. */
  readonly sizeBytes: number;
  open(): Promise<Session>;
}

interface Entry {
  readonly session: Promise<Session>;
  readonly sizeBytes: number;
  /** Number of calls that use it or wait for it to open. */
  users: number;
}

/**
 * Keeps sessions open and closes the least recently used ones when there are too many.
 *
 * A session in use is never closed, and neither is the one used last. So the limits are exceeded while more sessions are
 * in use at the same time, or by a single session that is larger than `bytes`.
 */
export class SessionCache implements AsyncDisposable {
  readonly #limits: SessionCacheLimits;
  /** In the order of their last use, the least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #uses = new Set<Promise<unknown>>();
  #closed = false;

  constructor(limits: SessionCacheLimits) {
    this.#limits = limits;
  }

  /** Keys of the sessions that are open or opening, the least recently used first. */
  get keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /**
   * Runs `work` with the open session. Calls that come while it opens wait for the same opening.
   *
   * @throws AppError `SERVER_STOPPING` after disposal; what opening throws, after which a later call tries again
   */
  async use<Result>(openable: Openable, work: (session: Session) => Promise<Result>): Promise<Result> {
    const entry = this.#touch(openable);
    entry.users++;
    const use = entry.session.then(work);
    this.#uses.add(use);
    try {
      return await use;
    } catch (error) {
      // The engine starts a new thread for the next graph, but the sessions of the old thread are lost.
      if (hasCode(error, "ENGINE_FAILED")) {
        this.#forget(openable.key, entry);
        await close(entry);
      }
      throw error;
    } finally {
      this.#uses.delete(use);
      entry.users--;
      await this.#closeSurplus();
    }
  }

  /** Refuses new calls and closes every session once the calls that use it have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#uses);
    await this.#closeSurplus();
  }

  /** Returns the entry as the most recently used one, opening it when it does not exist. */
  #touch(openable: Openable): Entry {
    if (this.#closed)
      throw new AppError("SERVER_STOPPING", "The server is stopping and opens no more models.");
    const entry = this.#entries.get(openable.key) ?? this.#newEntry(openable);
    this.#entries.delete(openable.key);
    this.#entries.set(openable.key, entry);
    return entry;
  }

  #newEntry(openable: Openable): Entry {
    // Makes room first, so that an old and a new large model are not in memory at the same time.
    const open = async (): Promise<Session> => {
      await this.#closeSurplus();
      return openable.open();
    };
    const entry: Entry = { session: Promise.resolve().then(open), sizeBytes: openable.sizeBytes, users: 0 };
    entry.session.catch(() => this.#forget(openable.key, entry));
    return entry;
  }

  #forget(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }

  async #closeSurplus(): Promise<void> {
    const closing: Promise<void>[] = [];
    for (const [key, entry] of [...this.#entries]) {
      if (!this.#isSurplus()) break;
      if (entry.users > 0 || (this.#isNewest(key) && !this.#closed)) continue;
      this.#entries.delete(key);
      closing.push(close(entry));
    }
    await Promise.all(closing);
  }

  #isNewest(key: string): boolean {
    return [...this.#entries.keys()].at(-1) === key;
  }

  #isSurplus(): boolean {
    if (this.#closed) return true;
    let bytes = 0;
    for (const { sizeBytes } of this.#entries.values()) bytes += sizeBytes;
    return this.#entries.size > this.#limits.sessions || bytes > this.#limits.bytes;
  }
}

function close(entry: Entry): Promise<void> {
  return entry.session.then(
    (session) => session[Symbol.asyncDispose](),
    () => undefined, // It never opened; its callers have received the error.
  );
}
