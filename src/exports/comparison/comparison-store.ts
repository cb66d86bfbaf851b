import { z } from "zod";
import type { Split } from "../../core/enumerations.js";
import { encodeJson, parseStored } from "../../core/stored-json.js";
import type { Database } from "../../db/database.js";
import { MODEL_MEASUREMENT, type ModelMeasurement } from "./measurement.js";

/** Measurements that were made together, by the ids of model versions and exports. */
export interface MeasuredModels {
  readonly measurements: ReadonlyMap<string, ModelMeasurement>;
  /** When the measuring ended. */
  readonly measuredAt: Date;
}

export interface NewComparison extends MeasuredModels {
  readonly key: string;
  readonly split: Split;
  readonly datasetVersionId: string;
}

const MEASUREMENTS = z.array(z.object({ subjectId: z.string(), measurement: MODEL_MEASUREMENT }));

/** The measurements of comparisons in Postgres: the latest one for each key. */
export class ComparisonStore {
  constructor(private readonly database: Database) {}

  async find(key: string): Promise<MeasuredModels | null> {
    const row = await this.database.prisma.modelComparison.findUnique({
      where: { key },
      select: { measurements: true, measuredAt: true },
    });
    if (row === null) return null;
    const stored = parseStored(MEASUREMENTS, row.measurements, "measurement of a comparison");
    const measurements = new Map(stored.map(({ subjectId, measurement }) => [subjectId, measurement]));
    return { measurements, measuredAt: row.measuredAt };
  }

  /** Replaces an earlier one. May be repeated. */
  async save({ measurements, ...columns }: NewComparison): Promise<void> {
    const listed = Array.from(measurements, ([subjectId, measurement]) => ({ subjectId, measurement }));
    const values = { ...columns, measurements: encodeJson(listed) };
    await this.database.kysely
      .insertInto("modelComparison")
      .values(values)
      .onConflict((conflict) => conflict.column("key").doUpdateSet(values))
      .execute();
  }
}
