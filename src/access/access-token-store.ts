import { sql } from "kysely";
import { AppError } from "../core/app-error.js";
import type { Role } from "../core/enumerations.js";
import type { Database } from "../db/database.js";
import { prepared } from "../db/prepared.js";
import { resultColumns } from "../db/result-columns.js";
import { outlastingOutages } from "../db/trouble/outage.js";
import type { AccessTokenRecord } from "./access-token-record.js";

/** The columns of an AccessTokenRecord, for Prisma. */
const TOKEN = {
  id: true,
  name: true,
  role: true,
  createdAt: true,
  lastUsedAt: true,
  revokedAt: true,
} as const;

/** The same for Kysely. */
const TOKEN_COLUMNS = ["id", "name", "role", "createdAt", "lastUsedAt", "revokedAt"] as const;

/** With Kysely, because every request to the API runs it. */
const findByHash = prepared((db, { hash }: { hash: string }) =>
  db
    .selectFrom("accessToken")
    .select(resultColumns("accessToken", [...TOKEN_COLUMNS, "hash"]))
    .select(sql<boolean>`current_setting('transaction_read_only') = 'off'`.as("acceptsChanges"))
    .where("hash", "=", hash),
);

/** The key of the doorbell that rings when tokens were revoked. */
const CHANGES = "tokens";

export interface NewAccessToken {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly hash: string;
}

export interface FoundToken extends AccessTokenRecord {
  readonly hash: string;
  /** False while the database is read-only, during a failover. */
  readonly acceptsChanges: boolean;
}

/** Access tokens in Postgres. Secrets are stored as hashes alone. */
export class AccessTokenStore {
  constructor(private readonly database: Database) {}

  insert({ id, name, role, hash }: NewAccessToken): Promise<AccessTokenRecord> {
    return this.database.prisma.accessToken.create({ data: { id, name, role, hash }, select: TOKEN });
  }

  /** Newest first. */
  list(): Promise<readonly AccessTokenRecord[]> {
    return this.database.prisma.accessToken.findMany({
      orderBy: [{ createdAt: "desc" }, { id: "desc" }],
      select: TOKEN,
    });
  }

  find(id: string): Promise<AccessTokenRecord | null> {
    return this.database.prisma.accessToken.findUnique({ where: { id }, select: TOKEN });
  }

  /** Revoked tokens too. */
  async findByHash(hash: string): Promise<FoundToken | null> {
    const [token] = await findByHash(this.database.kysely, { hash });
    return token ?? null;
  }

  async markUsed(id: string, at: Date): Promise<void> {
    await this.database.prisma.accessToken.updateMany({
      where: { id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: at } }] },
      data: { lastUsedAt: at },
    });
  }

  /**
   * Revokes a token. The time of an earlier revocation stays.
   *
   * @throws AppError `TOKEN_NOT_FOUND`, `LAST_ADMIN_TOKEN`
   */
  revoke(id: string): Promise<AccessTokenRecord> {
    return this.database.transaction(async (transaction) => {
      const { kysely } = transaction;
      // Locked in one order, so that of two admins who revoke each other, one waits and fails.
      const admins = await kysely
        .selectFrom("accessToken")
        .select("id")
        .where("role", "=", "ADMIN")
        .where("revokedAt", "is", null)
        .orderBy("id")
        .forUpdate()
        .execute();
      if (admins.length === 1 && admins[0]?.id === id) {
        throw new AppError(
          "LAST_ADMIN_TOKEN",
          "The last token with the role ADMIN cannot be revoked: nobody could create tokens any more. " +
            "Create another one first.",
          { path: ["id"] },
        );
      }
      const revoked = await kysely
        .updateTable("accessToken")
        .set("revokedAt", ({ fn }) => fn.coalesce("revokedAt", sql<Date>`now()`))
        .where("id", "=", id)
        .returning(TOKEN_COLUMNS)
        .executeTakeFirst();
      if (revoked === undefined) {
        throw new AppError("TOKEN_NOT_FOUND", `There is no access token with the id ${JSON.stringify(id)}.`, {
          path: ["id"],
        });
      }
      await this.database.notifier.notify(CHANGES, transaction);
      return revoked;
    });
  }

  /**
   * The ids of tokens that do not exist or were revoked. Waits while the database is unreachable.
   *
   * @throws the reason of `signal` when it aborts in the meantime
   */
  async findRevoked(ids: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const valid = await outlastingOutages(
      () =>
        this.database.prisma.accessToken.findMany({
          where: { id: { in: [...ids] }, revokedAt: null },
          select: { id: true },
        }),
      signal,
    );
    const validIds = new Set(valid.map(({ id }) => id));
    return ids.filter((id) => !validIds.has(id));
  }

  /** Calls `wake` when tokens may have been revoked, by any process. @returns a function that stops it */
  onChange(wake: () => void): () => void {
    return this.database.notifier.on(CHANGES, wake);
  }
}
