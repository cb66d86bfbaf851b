import { z } from "zod";

/** As it is stored in the column `source` of a dataset version. */
export const IMPORT_SOURCE_REF = z.union([
  z.object({ uploadId: z.string() }).readonly(),
  z.object({ folder: z.string() }).readonly(),
]);

/** The source of an import: an uploaded archive, or a folder below an allowed root. */
export type ImportSourceRef = z.infer<typeof IMPORT_SOURCE_REF>;
