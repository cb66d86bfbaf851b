import { AppError } from "../core/app-error.js";
import type { Role } from "../core/enumerations.js";
import { newId } from "../core/ids.js";
import type { AccessTokenRecord } from "./access-token-record.js";
import type { AccessTokenStore } from "./access-token-store.js";
import { adminTokenFile, readAdminToken, writeAdminToken } from "./admin-token-file.js";
import type { Caller } from "./caller.js";
import { equalHashes, hashSecret, isSecret, newSecret } from "./token-secret.js";

const LAST_USED_PRECISION_MS = 60_000;
const MAX_NAME_LENGTH = 100;

export interface AdminToken {
  readonly secret: string;
  /** Whether the token was created by this call; false when the token in the file is valid. */
  readonly created: boolean;
  readonly file: string;
}

/** Creates, checks and revokes access tokens. Each check reads the database, so a revocation takes effect at once. */
export class AccessTokens {
  constructor(private readonly store: AccessTokenStore) {}

  /** The caller with this secret; null when it is unknown or revoked. */
  async authenticate(secret: string): Promise<Caller | null> {
    if (!isSecret(secret)) return null;
    const hash = hashSecret(secret);
    const token = await this.store.findByHash(hash);
    if (token === null || !equalHashes(token.hash, hash) || token.revokedAt !== null) return null;
    // A database that is read-only answers queries, which must not wait until this can be written.
    if (token.acceptsChanges) await this.#markUsed(token);
    return { tokenId: token.id, role: token.role };
  }

  /** @throws AppError `NAME_INVALID` */
  async create(input: {
    readonly name: string;
    readonly role: Role;
  }): Promise<{ readonly token: AccessTokenRecord; readonly secret: string }> {
    const secret = newSecret();
    return { token: await this.#insert(checkedName(input.name), input.role, secret), secret };
  }

  /** @throws AppError `TOKEN_NOT_FOUND`, `LAST_ADMIN_TOKEN` */
  revoke(id: string): Promise<AccessTokenRecord> {
    return this.store.revoke(id);
  }

  /** Newest first, including revoked tokens. */
  list(): Promise<readonly AccessTokenRecord[]> {
    return this.store.list();
  }

  find(id: string): Promise<AccessTokenRecord | null> {
    return this.store.find(id);
  }

  /** Calls `wake` when tokens may have been revoked, by this process or another. */
  onRevoked(wake: () => void): () => void {
    return this.store.onChange(wake);
  }

  /**
   * The tokens among `tokenIds` that are no longer valid. Waits while the database is unreachable.
   *
   * @throws the reason of `signal` when it aborts in the meantime
   */
  async revokedAmong(tokenIds: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>> {
    return new Set(await this.store.findRevoked(tokenIds, signal));
  }

  /**
   * The ADMIN token in the file `admin-token` of the home folder, which only its owner can read. The first start
   * creates it. It is added to a database that lacks it, and replaced when it was revoked.
   *
   * @throws AppError `ADMIN_TOKEN_FILE_INVALID`
   */
  async ensureAdminToken(homeFolder: string): Promise<AdminToken> {
    const file = adminTokenFile(homeFolder);
    const kept = await readAdminToken(file);
    if (kept !== null) {
      const token = await this.store.findByHash(hashSecret(kept));
      if (token === null) {
        await this.#insert("admin", "ADMIN", kept);
        return { secret: kept, created: true, file };
      }
      if (token.revokedAt === null) return { secret: kept, created: false, file };
    }
    // The file is written first: after a crash in between, the next start adds its token to the database.
    const secret = newSecret();
    await writeAdminToken(file, secret);
    await this.#insert("admin", "ADMIN", secret);
    return { secret, created: true, file };
  }

  #insert(name: string, role: Role, secret: string): Promise<AccessTokenRecord> {
    return this.store.insert({ id: newId("accessToken"), name, role, hash: hashSecret(secret) });
  }

  async #markUsed({ id, lastUsedAt }: AccessTokenRecord): Promise<void> {
    const now = new Date();
    if (lastUsedAt !== null && now.getTime() - lastUsedAt.getTime() < LAST_USED_PRECISION_MS) return;
    await this.store.markUsed(id, now);
  }
}

function checkedName(name: string): string {
  const trimmed = name.trim();
  if (trimmed.length >= 1 && trimmed.length <= MAX_NAME_LENGTH) return trimmed;
  throw new AppError(
    "NAME_INVALID",
    `A token's name must have 1 to ${MAX_NAME_LENGTH} characters. Received ${trimmed.length}.`,
    { path: ["name"] },
  );
}
