import { Arg, Authorized, Ctx, Mutation, Resolver } from "type-graphql";
import type { Role } from "../../core/enumerations.js";
import type { DatasetImporter } from "../../data/imports/dataset-import.js";
import type { Uploads } from "../../data/imports/uploads.js";
import { withUserErrors } from "../errors/with-user-errors.js";
import type { RequestContext } from "../request-context.js";
import { CreateUploadInput, CreateUploadPayload } from "../uploads/mutations/create-upload.js";
import { uploadPath } from "../uploads/upload-path.js";
import { importSource } from "./import-source.js";
import { ImportDatasetInput, ImportDatasetPayload } from "./mutations/import-dataset.js";

const DEFAULT_SPLIT = { validation: 0.15, test: 0.15, seed: 0 };

@Resolver()
export class ImportResolver {
  constructor(
    private readonly uploads: Uploads,
    private readonly importer: DatasetImporter,
  ) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => CreateUploadPayload, {
    description: "Opens a place to send one file to, an archive or a picture. Needs the role EDITOR.",
  })
  createUpload(
    @Arg("input", () => CreateUploadInput, { description: "What is known of the file." })
    input: CreateUploadInput,
    @Ctx() { caller }: RequestContext,
  ): Promise<CreateUploadPayload> {
    return withUserErrors<Omit<CreateUploadPayload, "userErrors">>(
      { uploadId: null, putUrl: null, expiresAt: null },
      async () => {
        const { uploadId, expiresAt } = await this.uploads.create({
          sizeBytes: input.sizeBytes ?? null,
          sha256: input.sha256 ?? null,
          tokenId: caller.tokenId,
        });
        return { uploadId, putUrl: uploadPath(uploadId), expiresAt };
      },
    );
  }

  @Authorized<Role>("EDITOR")
  @Mutation(() => ImportDatasetPayload, {
    description:
      "Begins to make the next version of a data set from pictures, in the background. Needs the role EDITOR.",
  })
  importDataset(
    @Arg("input", () => ImportDatasetInput, { description: "Which pictures, and for which data set." })
    input: ImportDatasetInput,
  ): Promise<ImportDatasetPayload> {
    return withUserErrors<Pick<ImportDatasetPayload, "datasetVersion">>(
      { datasetVersion: null },
      async () => ({
        datasetVersion: await this.importer.start({
          dataset: input.dataset,
          description: input.description ?? null,
          source: importSource(input.source),
          split: {
            validation: input.split?.validation ?? DEFAULT_SPLIT.validation,
            test: input.split?.test ?? DEFAULT_SPLIT.test,
            seed: input.split?.seed ?? DEFAULT_SPLIT.seed,
          },
          idempotencyKey: input.idempotencyKey ?? null,
        }),
      }),
    );
  }
}
