import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { ArtifactRecord } from "../../training/record/artifact-store.js";
import type { RunRecord } from "../../training/record/run-records.js";
import { artifactPath } from "../http/artifact-route.js";
import type { RequestContext } from "../request-context.js";
import { Artifact } from "./artifact.js";
import { Run } from "./run.js";

@Resolver(() => Run)
export class RunArtifactsResolver {
  @FieldResolver(() => [Artifact], {
    description:
      "Files that it left to be downloaded, by name. While it trains they are replaced by newer ones.",
  })
  artifacts(@Root() run: RunRecord, @Ctx() { loaders }: RequestContext): Promise<readonly ArtifactRecord[]> {
    return loaders.artifacts.load(run.id);
  }
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
