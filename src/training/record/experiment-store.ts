import { AppError } from "../../core/app-error.js";
import { checkSameRequest, idempotencyOf } from "../../core/idempotency.js";
import { newId } from "../../core/ids.js";
import { keysetOf, readPage } from "../../core/keyset.js";
import { isName } from "../../core/name.js";
import type { CountedPage, PageRequest } from "../../core/page.js";
import { accepts, describeAccepted } from "../../core/settings/check.js";
import { MAX_ACTIVE_RUNS } from "../../core/settings/run-limits.js";
import type { Database } from "../../db/database.js";
import { violatedUnique } from "../../db/driver-error.js";
import { inKeyRange } from "../../db/key-range.js";
import type { Transaction } from "../../db/transaction.js";
import { defined } from "../../lang/defined.js";
import type { ExperimentRecord } from "./run-records.js";

export interface CreateExperiment {
  readonly name: string;
  readonly description: string;
  /** Maximum number of active runs; null: as many as there are devices. */
  readonly maxActiveRuns: number | null;
  readonly idempotencyKey: string | null;
}

/** Change of an experiment. Absent fields keep their value. */
export interface ExperimentChange {
  readonly description?: string | undefined;
  /** Null lifts the limit. */
  readonly maxActiveRuns?: number | null | undefined;
}

/** The columns of an ExperimentRecord, for Prisma. */
const EXPERIMENT = {
  id: true,
  name: true,
  description: true,
  maxActiveRuns: true,
  createdAt: true,
} as const;

const EXPERIMENT_KEYSET = keysetOf(["time", "string"], ({ createdAt, id }: ExperimentRecord) => [
  createdAt.toISOString(),
  id,
]);

/** Experiments in Postgres: named groups of runs. */
export class ExperimentStore {
  constructor(private readonly database: Database) {}

  /**
   * @throws AppError `NAME_INVALID`, `MAX_ACTIVE_RUNS_INVALID`, `EXPERIMENT_NAME_TAKEN`,
   *   `IDEMPOTENCY_KEY_INVALID`, `IDEMPOTENCY_KEY_REUSED`
   */
  async create({ idempotencyKey, ...input }: CreateExperiment): Promise<ExperimentRecord> {
    const { name, maxActiveRuns } = input;
    checkExperimentName(name, "name");
    checkMaxActiveRuns(maxActiveRuns);
    const idempotency = idempotencyOf(idempotencyKey, input);
    try {
      return await this.database.prisma.experiment.create({
        data: {
          id: newId("experiment"),
          ...input,
          idempotencyKey: idempotency?.key ?? null,
          idempotencyHash: idempotency?.hash ?? null,
        },
        select: EXPERIMENT,
      });
    } catch (error) {
      if (violatedUnique(error) === null) throw error;
    }
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
   * A lower limit stops no active run; a higher one lets waiting runs start at once.
   *
   * @throws AppError `EXPERIMENT_NOT_FOUND`, `MAX_ACTIVE_RUNS_INVALID`
   */
  async update(name: string, { description, maxActiveRuns }: ExperimentChange): Promise<ExperimentRecord> {
    if (maxActiveRuns !== undefined) checkMaxActiveRuns(maxActiveRuns);
    return this.database.transaction(async (transaction) => {
      const [experiment] = await transaction.prisma.experiment.updateManyAndReturn({
        where: { name },
        data: defined({ description, maxActiveRuns }),
        select: EXPERIMENT,
      });
      if (experiment === undefined) {
        throw new AppError("EXPERIMENT_NOT_FOUND", `There is no experiment named ${JSON.stringify(name)}.`, {
          path: ["experiment"],
        });
      }
      await this.database.notifier.notify("queue", transaction);
      return experiment;
    });
  }

  /** Returns the experiment with the name, and creates a new one, as a part of the caller's transaction. */
  async ensure({ prisma }: Transaction, name: string): Promise<ExperimentRecord> {
    await prisma.experiment.createMany({ data: [{ id: newId("experiment"), name }], skipDuplicates: true });
    return prisma.experiment.findUniqueOrThrow({ where: { name }, select: EXPERIMENT });
  }

  findByName(name: string): Promise<ExperimentRecord | null> {
    return this.database.prisma.experiment.findUnique({ where: { name }, select: EXPERIMENT });
  }

  /** In no given order. */
  find(ids: readonly string[]): Promise<readonly ExperimentRecord[]> {
    return this.database.prisma.experiment.findMany({ where: { id: { in: [...ids] } }, select: EXPERIMENT });
  }

  /** Newest first. */
  async list(page: PageRequest): Promise<CountedPage<ExperimentRecord>> {
    const experiments = await readPage(page, EXPERIMENT_KEYSET, (range) =>
      inKeyRange(
        this.database.kysely
          .selectFrom("experiment")
          .select(["id", "name", "description", "maxActiveRuns", "createdAt"]),
        { columns: ["createdAt", "id"], direction: "desc" },
        range,
      ).execute(),
    );
    return { ...experiments, totalCount: () => this.database.prisma.experiment.count() };
  }

  async #findByIdempotencyKey(
    idempotencyKey: string,
  ): Promise<{ experiment: ExperimentRecord; hash: string | null } | null> {
    const row = await this.database.prisma.experiment.findUnique({
      where: { idempotencyKey },
      select: { ...EXPERIMENT, idempotencyHash: true },
    });
    if (row === null) return null;
    const { idempotencyHash: hash, ...experiment } = row;
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
  if (accepts(MAX_ACTIVE_RUNS, maxActiveRuns)) return;
  throw new AppError(
    "MAX_ACTIVE_RUNS_INVALID",
    `maxActiveRuns must be ${describeAccepted(MAX_ACTIVE_RUNS)}, or null for ${MAX_ACTIVE_RUNS.whenNull}. ` +
      `Received ${maxActiveRuns}.`,
    { path: ["maxActiveRuns"] },
  );
}
