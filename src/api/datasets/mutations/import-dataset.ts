import {
  Arg,
  Authorized,
  Field,
  Float,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Resolver,
} from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { DatasetImporter } from "../../../data/imports/dataset-import.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { IDEMPOTENCY_KEY } from "../../idempotency.js";
import { DatasetVersion } from "../dataset-version.js";

@InputType({ description: "Where the images come from. Exactly one field is required." })
export class ImportSourceInput {
  @Field(() => ID, {
    nullable: true,
    description:
      "Id of an upload (see `createUpload`) that holds a zip, tar or tar.gz archive with one folder of " +
      "images per class.",
  })
  uploadId?: string;

  @Field(() => String, {
    nullable: true,
    description:
      "Path on the server of a folder with one folder of images per class. It must lie below an allowed " +
      "import root (`ESPALIER_IMPORT_ROOTS`).",
  })
  folder?: string;
}

@InputType({
  description:
    "How images are assigned to splits. All images outside of the validation and test splits are for " +
    "training.",
})
export class SplitInput {
  @Field(() => Float, {
    nullable: true,
    defaultValue: 0.15,
    description: "Fraction of each class for the validation split, in [0, 1); null means 0.15.",
  })
  validation!: number | null;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0.15,
    description: "Fraction of each class for the test split, in [0, 1); null means 0.15.",
  })
  test!: number | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description: "Seed of the assignment. Equal seeds and images give equal splits. Null means 0.",
  })
  seed!: number | null;
}

@InputType({ description: "The images to import." })
export class ImportDatasetInput {
  @Field(() => String, {
    description:
      "Name of the dataset. An unknown name creates a dataset; a known one gets its next version. At most " +
      "63 letters, digits, dots, dashes and underscores.",
  })
  dataset!: string;

  @Field(() => String, {
    nullable: true,
    description: "What the images show; null keeps the current description.",
  })
  description?: string | null;

  @Field(() => ImportSourceInput, { description: "Where the images come from." })
  source!: ImportSourceInput;

  @Field(() => SplitInput, {
    nullable: true,
    description: "How images are assigned to splits; null means the defaults.",
  })
  split?: SplitInput | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

@ObjectType({ description: "The version whose import began." })
export class ImportDatasetPayload {
  @Field(() => DatasetVersion, {
    nullable: true,
    description:
      "The version, with the status IMPORTING; follow it with `importEvents`. Null when no import began.",
  })
  datasetVersion!: DatasetVersion | null;

  @Field(() => [UserError], {
    description: userErrorsDescription("Why no import began; empty on success.", [
      "NAME_INVALID",
      "SPLIT_RATIOS_INVALID",
      "SPLIT_SEED_INVALID",
      "FOLDER_NOT_ALLOWED",
      "UPLOAD_NOT_FOUND",
      "UPLOAD_EXPIRED",
      "UPLOAD_INCOMPLETE",
      "IDEMPOTENCY_KEY_INVALID",
      "IDEMPOTENCY_KEY_REUSED",
    ]),
  })
  userErrors!: readonly UserError[];
}

const DEFAULT_SPLIT = { validation: 0.15, test: 0.15, seed: 0 };

@Resolver()
export class ImportDatasetResolver {
  constructor(private readonly importer: DatasetImporter) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => ImportDatasetPayload, {
    description:
      "Starts importing images in the background, as the next version of a dataset. Needs the role " +
      "EDITOR.",
  })
  importDataset(
    @Arg("input", () => ImportDatasetInput, { description: "The images and the dataset." })
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

/** Returns the source that the client chose. GraphQL ensures that it is exactly one (`@oneOf`). */
function importSource({ uploadId, folder }: ImportSourceInput): { uploadId: string } | { folder: string } {
  if (uploadId !== undefined) return { uploadId };
  if (folder !== undefined) return { folder };
  throw new Error("ImportSourceInput is @oneOf, yet neither field is set.");
}
