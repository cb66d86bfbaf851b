import { Field, FieldResolver, ObjectType, Resolver, Root } from "type-graphql";
import type { ArtifactRecord } from "../../training/record/artifact-store.js";
import { artifactPath } from "../http/artifact-route.js";
import { SafeInt } from "../scalars.js";

@ObjectType({
  description:
    "A file of a run for other tools: predictions of the best checkpoint for NumPy, or metrics, weights " +
    "and images for TensorBoard.",
})
export class Artifact {
  @Field(() => String, { description: 'File name, such as "predictions-validation.npy".' })
  name!: string;

  @Field(() => SafeInt, { description: "Size in bytes." })
  sizeBytes!: number;

  @Field(() => String, { description: "SHA-256 of the content, in hexadecimal." })
  sha256!: string;
}

@Resolver(() => Artifact)
export class ArtifactResolver {
  @FieldResolver(() => String, {
    description:
      "Path on this server from which the file is downloaded, with the same `Authorization` header.",
  })
  url(@Root() { runId, name }: ArtifactRecord): string {
    return artifactPath(runId, name);
  }
}
