import type { ApiClient } from "../../src/client/api-client.js";
import { graphql } from "../../src/client/generated/gql.js";
import type { BenchContext } from "../benchmark.js";
import { EPOCH_KEYS } from "./filled-runs.js";
import { METRIC_AND_SETTING, OTHER_SEARCHES, type Search } from "./searches.js";
import { type Times, timed } from "./timed.js";

/** The query of a page with a table of runs. */
const SEARCH_RUNS = graphql(`query BenchSearch($filter: RunFilter, $orderBy: RunOrderInput, $after: String) {
  runs(filter: $filter, orderBy: $orderBy, first: 50, after: $after) {
    nodes {
      id name state createdAt durationSeconds
      configuration { architecture batchSize epochs learningRate { initial } }
      metrics { key best { value } last { value } bestEpoch }
    }
    pageInfo { hasNextPage endCursor }
  }
}`);

const COMPARE_RUNS = graphql(`query BenchCompare($runIds: [ID!]!, $keys: [String!]!) {
  compareRuns(runIds: $runIds) {
    configuration { path values }
    data { path values }
    metrics { key best { value } last { value } bestRun { id } }
    curves(keys: $keys) { key epochs series { run { id name } values } }
  }
}`);

const METRIC_HISTORY = graphql(`query BenchHistory($runId: ID!, $key: String!) {
  run(id: $runId) {
    metricHistory(key: $key, maxPoints: 1000) { totalPoints thinned points { step value kind } }
  }
}`);

/** The maximum of a comparison. */
const COMPARED_RUNS = 10;
/** Fewer calls are enough to find a slow search. */
const OTHER_CALLS_SHARE = 0.2;

export interface ReadTimes {
  /** First page of a search that is filtered by a metric and a setting and sorted by a metric. */
  readonly search: Times;
  /** Twentieth page of the same search. */
  readonly laterPage: Times;
  /** By the name of the search. */
  readonly others: ReadonlyMap<string, Times>;
  readonly compare: Times;
}

/** Measures the latency of queries that a page makes. */
export async function measureReads(
  api: ApiClient,
  runIds: readonly string[],
  calls: number,
  context: BenchContext,
): Promise<ReadTimes> {
  const search = await timed(calls, context, (number) => firstPage(api, METRIC_AND_SETTING(number)));
  context.report(`a search takes ${search.p50} ms, p95 ${search.p95} ms`);
  const laterPage = await measureLaterPage(api, calls, context);
  const others = new Map<string, Times>();
  for (const [name, other] of Object.entries(OTHER_SEARCHES)) {
    const times = await timed(Math.ceil(calls * OTHER_CALLS_SHARE), context, (number) =>
      firstPage(api, other(number)),
    );
    context.report(`search "${name}" takes ${times.p50} ms, p95 ${times.p95} ms`);
    others.set(name, times);
  }
  const compare = await timed(calls, context, (number) => compareRuns(api, runIds, number));
  context.report(`a comparison takes ${compare.p50} ms, p95 ${compare.p95} ms`);
  return { search, laterPage, others, compare };
}

/** Measures the query of a thinned history. @returns its times, and the number of points before thinning */
export async function measureHistory(
  api: ApiClient,
  runId: string,
  key: string,
  calls: number,
  context: BenchContext,
): Promise<{ readonly times: Times; readonly points: number }> {
  let points = 0;
  const times = await timed(calls, context, async () => {
    const { run } = await api.request(METRIC_HISTORY, { runId, key });
    points = run?.metricHistory.totalPoints ?? 0;
  });
  context.report(`a history of ${points} points takes ${times.p50} ms, p95 ${times.p95} ms`);
  return { times, points };
}

function firstPage(api: ApiClient, search: ReturnType<Search>, after: string | null = null) {
  return api.request(SEARCH_RUNS, { ...search, after });
}

async function measureLaterPage(api: ApiClient, calls: number, context: BenchContext): Promise<Times> {
  const search = METRIC_AND_SETTING(0);
  let after: string | null = null;
  for (let page = 1; page < 20; page++) {
    const { runs } = await firstPage(api, search, after);
    if (!runs.pageInfo.hasNextPage) break;
    after = runs.pageInfo.endCursor;
  }
  return timed(calls, context, () => firstPage(api, search, after));
}

async function compareRuns(api: ApiClient, runIds: readonly string[], number: number): Promise<void> {
  // Different runs each time, from all parts of the table.
  const compared = Array.from({ length: COMPARED_RUNS }, (_, index) => {
    const place = number * 37 + Math.floor((index * runIds.length) / COMPARED_RUNS);
    return runIds[place % runIds.length] ?? "";
  });
  const { compareRuns } = await api.request(COMPARE_RUNS, { runIds: compared, keys: EPOCH_KEYS });
  const values = compareRuns.curves.flatMap(({ series }) => series.flatMap((line) => line.values));
  if (values.length < COMPARED_RUNS * EPOCH_KEYS.length || values.includes(null)) {
    throw new Error(`Expected complete curves of ${COMPARED_RUNS} runs. Received ${values.length} values.`);
  }
}
