import { Field, FieldResolver, ObjectType, Resolver, Root } from "type-graphql";
import type { ArtifactRecord } from "../../training/record/artifact-store.js";
import { artifactPath } from "../http/artifact-route.js";
import { SafeInt } from "../scalars.js";

@ObjectType({
  description:
    "A file that a run left for other tools: predictions of its best checkpoint for NumPy, and metrics, weights and " +
    "pictures for TensorBoard.",
})
export class Artifact {
  @Field(() => String, { description: 'Its file name, such as "predictions-validation.npy".' })
  name!: string;

  @Field(() => SafeInt, { description: "Size in bytes." })
  sizeBytes!: number;

  @Field(() => String, { description: "SHA-256 of its bytes, in hexadecimal." })
  sha256!: string;
}

@Resolver(() => Artifact)
export class ArtifactResolver {
  @FieldResolver(() => String, {
    description:
      "Where to download it: a path of this server, to be asked for with the same `Authorization` header.",
  })
  url(@Root() { runId, name }: ArtifactRecord): string {
    return artifactPath(runId, name);
  }
}
