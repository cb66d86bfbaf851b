import type { ResultOf } from "@graphql-typed-document-node/core";
import { resultOf } from "../../src/client/api-client.js";
import { ClientError } from "../../src/client/client-error.js";
import { graphql } from "../../src/client/generated/gql.js";
import type { RunConfigurationInput } from "../../src/client/generated/graphql.js";
import type { BenchContext } from "../benchmark.js";
import type { MeasuredServer } from "../server/measured-server.js";
import { trainToEnd } from "./train-to-end.js";

const REGISTER = graphql(`mutation BenchRegister($model: String!, $runId: ID!) {
  registerModelVersion(input: { model: $model, runId: $runId }) {
    modelVersion {
      ref
      parameterCount
      pruned { removed }
      run { evaluation(split: TEST) { top1 sampleCount } }
    }
    userErrors { code message }
  }
}`);

type Registered = NonNullable<ResultOf<typeof REGISTER>["registerModelVersion"]["modelVersion"]>;

/** A model version with the test accuracy of its run's selected checkpoint. */
export interface TrainedModel {
  readonly ref: string;
  readonly parameterCount: number;
  /** Fraction of the filters that pruning removed; 0 without pruning. */
  readonly channelsRemoved: number;
  readonly testTop1: number;
}

/** Trains a run to its end and registers it. @throws ClientError when the run fails or has no test evaluation */
export async function trainModel(
  server: MeasuredServer,
  plan: {
    readonly model: string;
    readonly dataset: string;
    readonly configuration: RunConfigurationInput;
  },
  context: BenchContext,
): Promise<TrainedModel> {
  const { model, dataset, configuration } = plan;
  context.report(`training ${model}`);
  const { runId } = await trainToEnd(server, dataset, configuration, context);
  const { registerModelVersion: payload } = await server.api.request(REGISTER, { model, runId });
  const trained = trainedModel(resultOf(payload.modelVersion, payload.userErrors));
  context.report(`${model}: test top-1 ${trained.testTop1.toFixed(4)}, ${trained.parameterCount} parameters`);
  return trained;
}

function trainedModel({ ref, parameterCount, pruned, run }: Registered): TrainedModel {
  const { evaluation } = run;
  if (evaluation === null) throw new ClientError("EVALUATION_MISSING", `${ref} was not tested.`);
  return {
    ref,
    parameterCount,
    channelsRemoved: pruned?.removed ?? 0,
    testTop1: evaluation.top1,
  };
}
