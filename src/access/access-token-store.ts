import { AppError } from "../core/app-error.js";
import type { Role } from "../core/enumerations.js";
import type { Database } from "../db/database.js";
import { outlastingOutages } from "../db/outage.js";
import type { AccessTokenRecord } from "./access-token-record.js";

const COLUMNS = `id, name, role, created_at as "createdAt", last_used_at as "lastUsedAt", revoked_at as "revokedAt"`;

/** Rings when tokens were revoked. */
const CHANGES = "tokens";

export interface NewAccessToken {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly hash: string;
}

/** Access tokens in Postgres; it knows hashes only. */
export class AccessTokenStore {
  constructor(private readonly database: Database) {}

  async insert(token: NewAccessToken): Promise<AccessTokenRecord> {
    const { rows } = await this.database.pool.query<AccessTokenRecord>(
      `insert into access_token (id, name, role, hash) values ($1, $2, $3, $4) returning ${COLUMNS}`,
      [token.id, token.name, token.role, token.hash],
    );
    const [inserted] = rows;
    if (inserted === undefined) throw new Error("Inserting an access token returned no row.");
    return inserted;
  }

  /** Newest first. */
  async list(): Promise<readonly AccessTokenRecord[]> {
    const { rows } = await this.database.pool.query<AccessTokenRecord>(
      `select ${COLUMNS} from access_token order by created_at desc, id desc`,
    );
    return rows;
  }

  async find(id: string): Promise<AccessTokenRecord | null> {
    const { rows } = await this.database.pool.query<AccessTokenRecord>(
      `select ${COLUMNS} from access_token where id = $1`,
      [id],
    );
    return rows[0] ?? null;
  }

  /** Revoked ones too. */
  async findByHash(hash: string): Promise<(AccessTokenRecord & { readonly hash: string }) | null> {
    const { rows } = await this.database.pool.query<AccessTokenRecord & { hash: string }>(
      `select ${COLUMNS}, hash from access_token where hash = $1`,
      [hash],
    );
    return rows[0] ?? null;
  }

  async markUsed(id: string, at: Date): Promise<void> {
    await this.database.pool.query(
      `update access_token set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at < $2)`,
      [id, at],
    );
  }

  /**
   * Revokes a token; one that is revoked already stays as it is.
   *
   * @throws AppError `TOKEN_NOT_FOUND`, `LAST_ADMIN_TOKEN`
   */
  revoke(id: string): Promise<AccessTokenRecord> {
    return this.database.transaction(async (client) => {
      // Locked in one order, so that two admins who revoke each other wait instead of both succeeding.
      const { rows: admins } = await client.query<{ id: string }>(
        `select id from access_token where role = 'ADMIN' and revoked_at is null order by id for update`,
      );
      if (admins.length === 1 && admins[0]?.id === id) {
        throw new AppError(
          "LAST_ADMIN_TOKEN",
          "The last token with the role ADMIN cannot be revoked: nobody could make tokens any more. " +
            "Make another one first.",
          { path: ["id"] },
        );
      }
      const { rows } = await client.query<AccessTokenRecord>(
        `update access_token set revoked_at = coalesce(revoked_at, now()) where id = $1 returning ${COLUMNS}`,
        [id],
      );
      const [revoked] = rows;
      if (revoked === undefined) {
        throw new AppError("TOKEN_NOT_FOUND", `There is no access token with the id ${JSON.stringify(id)}.`, {
          path: ["id"],
        });
      }
      await this.database.notifier.notify(CHANGES, client);
      return revoked;
    });
  }

  /**
   * Those of `ids` that work no longer. Waits while the database is away.
   *
   * @throws the reason of `signal` when it aborts meanwhile
   */
  async findRevoked(ids: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const { rows } = await outlastingOutages(
      () =>
        this.database.pool.query<{ id: string }>(
          `select asked as id from unnest($1::text[]) asked
           where not exists (select from access_token where id = asked and revoked_at is null)`,
          [ids],
        ),
      signal,
    );
    return rows.map(({ id }) => id);
  }

  /** Calls `wake` when tokens may have been revoked, by any process. */
  onChange(wake: () => void): () => void {
    return this.database.notifier.on(CHANGES, wake);
  }
}
