import type { MetricValue, Operation } from "../../src/client/operations.js";

export interface ListedRuns {
  readonly runs: {
    readonly nodes: readonly { readonly id: string; readonly name: string }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

/** What a page with a table of runs asks for. */
export const SEARCH_RUNS: Operation<
  ListedRuns,
  { filter: object | null; orderBy: object | null; after: string | null }
> = {
  document: `query BenchSearch($filter: RunFilter, $orderBy: RunOrderInput, $after: String) {
  runs(filter: $filter, orderBy: $orderBy, first: 50, after: $after) {
    nodes {
      id name state createdAt durationSeconds
      configuration { architecture batchSize epochs learningRate { initial } }
      metrics { key best { value } last { value } bestEpoch }
    }
    pageInfo { hasNextPage endCursor }
  }
}`,
};

export interface ComparedRuns {
  readonly compareRuns: {
    readonly configuration: readonly { readonly path: string }[];
    readonly metrics: readonly { readonly key: string; readonly best: readonly (MetricValue | null)[] }[];
    readonly curves: readonly {
      readonly epochs: readonly number[];
      readonly series: readonly { readonly values: readonly (number | null)[] }[];
    }[];
  };
}

export const COMPARE_RUNS: Operation<ComparedRuns, { runIds: readonly string[]; keys: readonly string[] }> = {
  document: `query BenchCompare($runIds: [ID!]!, $keys: [String!]!) {
  compareRuns(runIds: $runIds) {
    configuration { path values }
    data { path values }
    metrics { key best { value } last { value } bestRun { id } }
    curves(keys: $keys) { key epochs series { run { id name } values } }
  }
}`,
};

export const METRIC_HISTORY: Operation<
  { run: { metricHistory: { totalPoints: number } } | null },
  { runId: string; key: string }
> = {
  document: `query BenchHistory($runId: ID!, $key: String!) {
  run(id: $runId) { metricHistory(key: $key, maxPoints: 1000) { totalPoints thinned points { step value kind } } }
}`,
};
