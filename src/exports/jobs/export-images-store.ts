import { sql } from "kysely";
import type { Split } from "../../core/enumerations.js";
import type { Database } from "../../db/database.js";
import type { StoredImage } from "../proving/decoded-images.js";

/** Chooses images of dataset versions. */
export class ExportImagesStore {
  constructor(private readonly database: Database) {}

  /**
   * Chooses images of a split in an order that depends on nothing but the content of the dataset version and the split.
   *
   * @param count at most; all of them where there are fewer
   */
  choose(datasetVersionId: string, split: Split, count: number): Promise<StoredImage[]> {
    return this.database.kysely
      .selectFrom("sample as s")
      .innerJoin("datasetVersion as v", "v.id", "s.versionId")
      .select(["s.contentHash", "s.classIndex"])
      .where("s.versionId", "=", datasetVersionId)
      .where("s.split", "=", split)
      .orderBy(({ fn, ref, val }) => {
        const identity = sql<string>`${ref("v.hash")} || ':' || ${ref("s.split")} || ':' || ${ref("s.position")}`;
        return fn<Buffer>("sha256", [fn<Buffer>("convert_to", [identity, val("UTF8")])]);
      })
      .limit(count)
      .execute();
  }
}
