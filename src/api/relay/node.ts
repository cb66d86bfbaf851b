import { Field, ID, InterfaceType } from "type-graphql";
import { type IdKind, kindOfId } from "../../core/ids.js";

/** GraphQL types that `node(id)` returns, by the kind of their ids. */
const NODE_TYPE_NAMES: Partial<Record<IdKind, string>> = {
  dataset: "Dataset",
  datasetVersion: "DatasetVersion",
  sample: "Sample",
  experiment: "Experiment",
  run: "Run",
  model: "Model",
  modelVersion: "ModelVersion",
  modelExport: "ModelExport",
  accessToken: "AccessToken",
};

@InterfaceType("Node", {
  description: "An object with an id, by which `node(id)` finds it.",
  resolveType: ({ id }: { id: string }) => {
    const kind = kindOfId(id);
    return kind === null ? undefined : NODE_TYPE_NAMES[kind];
  },
})
export abstract class Node {
  @Field(() => ID, { description: "Opaque id, unique across all types and never reused." })
  id!: string;
}
