import type pg from "pg";
import { AppError } from "../../core/app-error.js";
import { decodeCursor, encodeCursor } from "../../core/cursor.js";
import { checkSameRequest, idempotencyOf } from "../../core/idempotency.js";
import { newId } from "../../core/ids.js";
import { isName } from "../../core/name.js";
import type { Page, PageRequest } from "../../core/page.js";
import type { Database } from "../../db/database.js";
import type { ExperimentRecord } from "./run-records.js";

export interface CreateExperiment {
  readonly name: string;
  readonly description: string;
  /** Runs of it that may be at work at once; null: as many as there are devices. */
  readonly maxActiveRuns: number | null;
  readonly idempotencyKey: string | null;
}

/** What is absent stays as it is. */
export interface ExperimentChange {
  readonly description?: string | undefined;
  /** Null lifts the limit. */
  readonly maxActiveRuns?: number | null | undefined;
}

const COLUMNS = `id, name, description, max_active_runs as "maxActiveRuns", created_at as "createdAt"`;

const ACTIVE_RUNS_LIMIT = 1000;

/** Experiments in Postgres: named groups of runs. */
export class ExperimentStore {
  constructor(private readonly database: Database) {}

  /**
   * @throws AppError `NAME_INVALID`, `MAX_ACTIVE_RUNS_INVALID`, `EXPERIMENT_NAME_TAKEN`,
   *   `IDEMPOTENCY_KEY_INVALID`, `IDEMPOTENCY_KEY_REUSED`
   */
  async create({ idempotencyKey, ...input }: CreateExperiment): Promise<ExperimentRecord> {
    const { name, description, maxActiveRuns } = input;
    checkExperimentName(name, "name");
    checkMaxActiveRuns(maxActiveRuns);
    const idempotency = idempotencyOf(idempotencyKey, input);
    const { rows } = await this.database.pool.query<ExperimentRecord>(
      `insert into experiment (id, name, description, max_active_runs, idempotency_key, idempotency_hash)
       values ($1, $2, $3, $4, $5, $6) on conflict do nothing returning ${COLUMNS}`,
      [
        newId("experiment"),
        name,
        description,
        maxActiveRuns,
        idempotency?.key ?? null,
        idempotency?.hash ?? null,
      ],
    );
    const [created] = rows;
    if (created !== undefined) return created;

    if (idempotency !== null) {
      const earlier = await this.#findByIdempotencyKey(idempotency.key);
      if (earlier !== null) {
        checkSameRequest(idempotency, earlier.hash);
        return earlier.experiment;
      }
    }
    throw new AppError(
      "EXPERIMENT_NAME_TAKEN",
      `There is an experiment named ${JSON.stringify(name)} already. Launch runs in it, or choose another name.`,
      { path: ["name"] },
    );
  }

  /**
   * A lower limit stops no run that is at work; a higher one lets waiting runs go at once.
   *
   * @throws AppError `EXPERIMENT_NOT_FOUND`, `MAX_ACTIVE_RUNS_INVALID`
   */
  async update(name: string, { description, maxActiveRuns }: ExperimentChange): Promise<ExperimentRecord> {
    if (maxActiveRuns !== undefined) checkMaxActiveRuns(maxActiveRuns);
    return this.database.transaction(async (client) => {
      const { rows } = await client.query<ExperimentRecord>(
        `update experiment set description = coalesce($2, description),
           max_active_runs = case when $3 then $4 else max_active_runs end
         where name = $1 returning ${COLUMNS}`,
        [name, description ?? null, maxActiveRuns !== undefined, maxActiveRuns ?? null],
      );
      const [experiment] = rows;
      if (experiment === undefined) {
        throw new AppError("EXPERIMENT_NOT_FOUND", `There is no experiment named ${JSON.stringify(name)}.`, {
          path: ["experiment"],
        });
      }
      await this.database.notifier.notify("queue", client);
      return experiment;
    });
  }

  /** The experiment of that name, made when new, as a part of the caller's transaction. */
  async ensure(client: pg.PoolClient, name: string): Promise<ExperimentRecord> {
    await client.query(`insert into experiment (id, name) values ($1, $2) on conflict (name) do nothing`, [
      newId("experiment"),
      name,
    ]);
    const { rows } = await client.query<ExperimentRecord>(
      `select ${COLUMNS} from experiment where name = $1`,
      [name],
    );
    const [experiment] = rows;
    if (experiment === undefined)
      throw new Error(`The experiment ${name} was deleted while a run was launched.`);
    return experiment;
  }

  async findByName(name: string): Promise<ExperimentRecord | null> {
    const { rows } = await this.database.pool.query<ExperimentRecord>(
      `select ${COLUMNS} from experiment where name = $1`,
      [name],
    );
    return rows[0] ?? null;
  }

  /** In no given order. */
  async find(ids: readonly string[]): Promise<readonly ExperimentRecord[]> {
    const { rows } = await this.database.pool.query<ExperimentRecord>(
      `select ${COLUMNS} from experiment where id = any($1)`,
      [ids],
    );
    return rows;
  }

  /** Newest first. */
  async list(page: PageRequest): Promise<Page<ExperimentRecord>> {
    const [createdAt, id] =
      page.after === null ? ["infinity", ""] : decodeCursor(page.after, ["time", "string"]);
    const { rows } = await this.database.pool.query<ExperimentRecord>(
      `select ${COLUMNS} from experiment where (created_at, id) < ($1::timestamptz, $2)
       order by created_at desc, id desc limit $3`,
      [createdAt, id, page.first + 1],
    );
    return {
      items: rows.slice(0, page.first).map((node) => ({
        cursor: encodeCursor([node.createdAt.toISOString(), node.id]),
        node,
      })),
      hasNextPage: rows.length > page.first,
    };
  }

  async #findByIdempotencyKey(
    key: string,
  ): Promise<{ experiment: ExperimentRecord; hash: string | null } | null> {
    const { rows } = await this.database.pool.query<ExperimentRecord & { hash: string | null }>(
      `select ${COLUMNS}, idempotency_hash as hash from experiment where idempotency_key = $1`,
      [key],
    );
    const [row] = rows;
    if (row === undefined) return null;
    const { hash, ...experiment } = row;
    return { experiment, hash };
  }
}

/**
 * @param field of the mutation's input that holds the name
 * @throws AppError `NAME_INVALID`
 */
export function checkExperimentName(name: string, field: string): void {
  if (isName(name)) return;
  throw new AppError(
    "NAME_INVALID",
    `An experiment's name has 1 to 63 letters, digits, ".", "_" or "-" and starts with a letter or a digit. ` +
      `Received ${JSON.stringify(name)}.`,
    { path: [field] },
  );
}

function checkMaxActiveRuns(maxActiveRuns: number | null): void {
  if (maxActiveRuns === null) return;
  if (Number.isInteger(maxActiveRuns) && maxActiveRuns >= 1 && maxActiveRuns <= ACTIVE_RUNS_LIMIT) return;
  throw new AppError(
    "MAX_ACTIVE_RUNS_INVALID",
    `At least 1 and at most ${ACTIVE_RUNS_LIMIT} runs of an experiment may be at work at once, or null for as many as ` +
      `there are devices. Received ${maxActiveRuns}.`,
    { path: ["maxActiveRuns"] },
  );
}
