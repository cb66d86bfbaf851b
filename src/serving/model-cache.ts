import type { Session } from "../engine/session.js";
import { SessionCache } from "../engine/session-cache.js";
import type { ModelVersionRecord } from "../registry/model-records.js";
import type { ModelRegistry } from "../registry/model-registry.js";

export interface ModelCacheLimits {
  /** Models kept open. */
  readonly models: number;
  /** Sum of the models' exported sizes, which is about what their weights take in memory. */
  readonly bytes: number;
}

export const DEFAULT_MODEL_CACHE_LIMITS: ModelCacheLimits = { models: 8, bytes: 4 * 1024 ** 3 };

/**
 * Open model versions, the least recently used of which are closed when there are too many.
 *
 * Keyed by version, never by name: whoever resolves "flowers@champion" on each call sees an alias move
 * at once.
 */
export class ModelCache implements AsyncDisposable {
  readonly #registry: ModelRegistry;
  readonly #sessions: SessionCache;

  constructor(options: { registry: ModelRegistry; limits?: ModelCacheLimits }) {
    const { models, bytes } = options.limits ?? DEFAULT_MODEL_CACHE_LIMITS;
    this.#registry = options.registry;
    this.#sessions = new SessionCache({ sessions: models, bytes });
  }

  /** Ids of the versions that are open or opening, the least recently used first. */
  get versionIds(): readonly string[] {
    return this.#sessions.keys;
  }

  /**
   * Runs `work` with the open model; calls that come while it opens wait for the same opening.
   *
   * @throws AppError `MODEL_DAMAGED` when its files are not what was registered; a later call tries again
   */
  use<Result>(version: ModelVersionRecord, work: (session: Session) => Promise<Result>): Promise<Result> {
    const { id: key, sizeBytes } = version;
    return this.#sessions.use({ key, sizeBytes, open: () => this.#registry.open(version) }, work);
  }

  /** Closes every model once the calls that use it have ended; later calls are refused. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#sessions[Symbol.asyncDispose]();
  }
}
