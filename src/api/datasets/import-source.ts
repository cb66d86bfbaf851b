import type { ImportSourceInput } from "./mutations/import-dataset.js";

/** The source that a client chose; GraphQL has made sure that it is exactly one (`@oneOf`). */
export function importSource({
  uploadId,
  folder,
}: ImportSourceInput): { uploadId: string } | { folder: string } {
  if (uploadId !== undefined) return { uploadId };
  if (folder !== undefined) return { folder };
  throw new Error("ImportSourceInput is @oneOf, yet neither field is set.");
}
