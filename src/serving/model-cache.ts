import { AppError } from "../core/app-error.js";
import type { Session } from "../engine/session.js";
import type { ModelVersionRecord } from "../registry/model-records.js";
import type { ModelRegistry } from "../registry/model-registry.js";

export interface ModelCacheLimits {
  /** Models kept open. */
  readonly models: number;
  /** Sum of the models' exported sizes, which is about what their weights take in memory. */
  readonly bytes: number;
}

export const DEFAULT_MODEL_CACHE_LIMITS: ModelCacheLimits = { models: 8, bytes: 4 * 1024 ** 3 };

interface Entry {
  readonly session: Promise<Session>;
  readonly sizeBytes: number;
  /** Calls that are using it or wait for it to open. */
  users: number;
}

/**
 * Open model versions, the least recently used of which are closed when there are too many.
 *
 * Keyed by version, never by name: whoever resolves "flowers@champion" on each call sees an alias move
 * at once. A model in use is never closed, and neither is the one used last: the limits are exceeded while
 * more are in use at the same time, or by one model that is larger than `bytes` alone.
 */
export class ModelCache implements AsyncDisposable {
  readonly #registry: ModelRegistry;
  readonly #limits: ModelCacheLimits;
  /** By version id; the least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #uses = new Set<Promise<unknown>>();
  #closed = false;

  constructor(options: { registry: ModelRegistry; limits?: ModelCacheLimits }) {
    this.#registry = options.registry;
    this.#limits = options.limits ?? DEFAULT_MODEL_CACHE_LIMITS;
  }

  /** Ids of the versions that are open or opening, the least recently used first. */
  get versionIds(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /**
   * Runs `work` with the open model; calls that come while it opens wait for the same opening.
   *
   * @throws AppError `MODEL_DAMAGED` when its files are not what was registered; a later call tries again
   */
  async use<Result>(
    version: ModelVersionRecord,
    work: (session: Session) => Promise<Result>,
  ): Promise<Result> {
    const entry = this.#touch(version);
    entry.users++;
    const use = entry.session.then(work);
    this.#uses.add(use);
    try {
      return await use;
    } catch (error) {
      // The engine starts anew when a model is opened; sessions of the thread that died stay dead.
      if (error instanceof AppError && error.code === "ENGINE_FAILED") {
        this.#forget(version.id, entry);
        await close(entry);
      }
      throw error;
    } finally {
      this.#uses.delete(use);
      entry.users--;
      await this.#closeSurplus();
    }
  }

  /** Closes every model once the calls that use it have ended; later calls are refused. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#uses);
    await this.#closeSurplus();
  }

  /** The version's entry, opening it when there is none, as the most recently used. */
  #touch(version: ModelVersionRecord): Entry {
    if (this.#closed) throw new AppError("SERVER_STOPPING", "The server is stopping and classifies no more.");
    const entry = this.#entries.get(version.id) ?? this.#newEntry(version);
    this.#entries.delete(version.id);
    this.#entries.set(version.id, entry);
    return entry;
  }

  #newEntry(version: ModelVersionRecord): Entry {
    // Room is made first, so that two large models are not in memory for the sake of one.
    const open = async (): Promise<Session> => {
      await this.#closeSurplus();
      return this.#registry.open(version);
    };
    const entry: Entry = { session: Promise.resolve().then(open), sizeBytes: version.sizeBytes, users: 0 };
    entry.session.catch(() => this.#forget(version.id, entry));
    return entry;
  }

  #forget(versionId: string, entry: Entry): void {
    if (this.#entries.get(versionId) === entry) this.#entries.delete(versionId);
  }

  async #closeSurplus(): Promise<void> {
    const closing: Promise<void>[] = [];
    for (const [id, entry] of [...this.#entries]) {
      if (!this.#isSurplus()) break;
      if (entry.users > 0 || (this.#isNewest(id) && !this.#closed)) continue;
      this.#entries.delete(id);
      closing.push(close(entry));
    }
    await Promise.all(closing);
  }

  #isNewest(versionId: string): boolean {
    return [...this.#entries.keys()].at(-1) === versionId;
  }

  #isSurplus(): boolean {
    if (this.#closed) return true;
    let bytes = 0;
    for (const { sizeBytes } of this.#entries.values()) bytes += sizeBytes;
    return this.#entries.size > this.#limits.models || bytes > this.#limits.bytes;
  }
}

function close(entry: Entry): Promise<void> {
  return entry.session.then(
    (session) => session[Symbol.asyncDispose](),
    () => undefined, // It never opened, which its callers were told.
  );
}
