import { Field, ID, InterfaceType } from "type-graphql";
import { type IdKind, kindOfId } from "../../core/ids.js";

/** GraphQL types that `node(id)` can answer with. */
const NODE_TYPE_NAMES: Partial<Record<IdKind, string>> = {
  dataset: "Dataset",
  datasetVersion: "DatasetVersion",
  sample: "Sample",
  experiment: "Experiment",
  run: "Run",
  model: "Model",
  modelVersion: "ModelVersion",
  accessToken: "AccessToken",
};

@InterfaceType("Node", {
  description: "Anything that has an id of its own and can be fetched again by `node(id)`.",
  resolveType: ({ id }: { id: string }) => {
    const kind = kindOfId(id);
    return kind === null ? undefined : NODE_TYPE_NAMES[kind];
  },
})
export abstract class Node {
  @Field(() => ID, { description: "Opaque, unique over all types, and never reused." })
  id!: string;
}
