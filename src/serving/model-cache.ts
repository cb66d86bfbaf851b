import type { Session } from "../engine/session.js";
import { SessionCache } from "../engine/session-cache.js";
import type { ModelVersionRecord } from "../registry/model-records.js";
import type { ModelRegistry } from "../registry/model-registry.js";

export interface ModelCacheLimits {
  /** Models that stay open. */
  readonly models: number;
  /** Sum of the exported sizes of the models, which is about the memory that their weights take. */
  readonly bytes: number;
}

const DEFAULT_MODEL_CACHE_LIMITS: ModelCacheLimits = { models: 8, bytes: 4 * 1024 ** 3 };

/**
 * Keeps model versions open, and closes the least recently used ones when there are too many.
 *
 * The keys are versions and never names, so that a caller who resolves "flowers@champion" for each call sees a moved
 * alias at once.
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
   * Runs `work` with the open model. Calls during the opening wait for the same opening.
   *
   * @throws AppError `MODEL_DAMAGED` when its files are not those that were registered; a later call tries again
   */
  use<Result>(version: ModelVersionRecord, work: (session: Session) => Promise<Result>): Promise<Result> {
    const { id: key, sizeBytes } = version;
    return this.#sessions.use({ key, sizeBytes, open: () => this.#registry.open(version) }, work);
  }

  /** Closes every model when the calls that use it have ended. Later calls are refused. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#sessions[Symbol.asyncDispose]();
  }
}
