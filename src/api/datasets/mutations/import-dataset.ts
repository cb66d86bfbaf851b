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

@InputType({ description: "Where the pictures are: exactly one of the fields." })
export class ImportSourceInput {
  @Field(() => ID, {
    nullable: true,
    description:
      "An upload (see `createUpload`) that holds a zip, tar or tar.gz with one folder of pictures per class.",
  })
  uploadId?: string;

  @Field(() => String, {
    nullable: true,
    description:
      "A folder of the server's machine with one folder of pictures per class, below one of the roots " +
      "that the server was told to allow.",
  })
  folder?: string;
}

@InputType({ description: "How pictures are divided; what is neither validation nor test is for training." })
export class SplitInput {
  @Field(() => Float, {
    nullable: true,
    defaultValue: 0.15,
    description: "Fraction of each class kept for validation, in [0, 1); null means 0.15.",
  })
  validation!: number | null;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0.15,
    description: "Fraction of each class kept for the test, in [0, 1); null means 0.15.",
  })
  test!: number | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description: "Draws the splits: the same seed and pictures give the same splits. Null means 0.",
  })
  seed!: number | null;
}

@InputType({ description: "Pictures to make the next version of a data set from." })
export class ImportDatasetInput {
  @Field(() => String, {
    description:
      "Name of the data set: made when new, otherwise this becomes its next version. Letters, digits, dots, " +
      "dashes and underscores, at most 63.",
  })
  dataset!: string;

  @Field(() => String, {
    nullable: true,
    description: "What the pictures show; null leaves the data set's description as it is.",
  })
  description?: string | null;

  @Field(() => ImportSourceInput, { description: "Where the pictures are." })
  source!: ImportSourceInput;

  @Field(() => SplitInput, { nullable: true, description: "How to divide them; null takes the defaults." })
  split?: SplitInput | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

@ObjectType({ description: "The version whose import began." })
export class ImportDatasetPayload {
  @Field(() => DatasetVersion, {
    nullable: true,
    description: "The version, IMPORTING: follow it with `importEvents`. Null when no import began.",
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

/** The source that a client chose; GraphQL has made sure that it is exactly one (`@oneOf`). */
function importSource({ uploadId, folder }: ImportSourceInput): { uploadId: string } | { folder: string } {
  if (uploadId !== undefined) return { uploadId };
  if (folder !== undefined) return { folder };
  throw new Error("ImportSourceInput is @oneOf, yet neither field is set.");
}
