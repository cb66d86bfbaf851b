import { Ctx, Field, FieldResolver, ObjectType, Resolver, Root } from "type-graphql";
import type { Initialization as InitializationRecord } from "../../core/run-configuration.js";
import type { ModelVersionRecord } from "../../registry/model-records.js";
import { ModelVersion } from "../models/model-version.js";
import type { RequestContext } from "../request-context.js";

@ObjectType({ description: "Which weights a run begins with." })
export class Initialization {
  @Field(() => String, { description: '"random", "modelVersion", or "weights" for an imported file.' })
  kind!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Hexadecimal SHA-256 of the imported file; null unless `kind` is "weights".',
  })
  sha256?: string;
}

@Resolver(() => Initialization)
export class InitializationResolver {
  @FieldResolver(() => ModelVersion, {
    nullable: true,
    description: 'The version whose weights it begins with; null unless `kind` is "modelVersion".',
  })
  async modelVersion(
    @Root() initialization: InitializationRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<ModelVersionRecord | null> {
    if (initialization.kind !== "modelVersion") return null;
    return loaders.modelVersion.load(initialization.modelVersionId);
  }
}
