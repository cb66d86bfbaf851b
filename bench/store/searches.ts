import type { ConfigurationFilter, RunFilter, RunOrderInput } from "../../src/client/generated/graphql.js";
import { BATCH_SIZES, LEARNING_RATES, pick } from "./filled-runs.js";

/** Returns the variables of a search. `number` makes searches differ, so that no cache can answer them. */
export type Search = (number: number) => {
  readonly filter: RunFilter | null;
  readonly orderBy: RunOrderInput | null;
};

const TOP1 = "validation.top1";
const BY_TOP1: RunOrderInput = { field: "METRIC_BEST", metric: TOP1, direction: "DESC" };
const learningRate = (number: number): ConfigurationFilter => ({
  path: "learningRate.initial",
  equals: String(pick(LEARNING_RATES, number)),
});

/** Filtered by a metric and a setting, sorted by a metric: the search of `searchP95Ms` and of the peer. */
export const METRIC_AND_SETTING: Search = (number) => ({
  filter: {
    metric: [{ key: TOP1, atLeast: 0.5 - (number % 50) / 1000 }],
    configuration: [learningRate(number)],
  },
  orderBy: BY_TOP1,
});

/** Other common searches by name. None of them may be slow. */
export const OTHER_SEARCHES: Readonly<Record<string, Search>> = {
  newest: () => ({ filter: null, orderBy: null }),
  name: (number) => ({ filter: { nameContains: `UN-1${number % 10}` }, orderBy: null }),
  rareName: (number) => ({ filter: { nameContains: `run-77${number % 10}` }, orderBy: BY_TOP1 }),
  noSuchName: () => ({ filter: { nameContains: "nothing" }, orderBy: BY_TOP1 }),
  experiment: (number) => ({ filter: { experiment: `experiment-${1 + (number % 20)}` }, orderBy: BY_TOP1 }),
  dataset: (number) => ({ filter: { dataset: `dataset-${1 + (number % 5)}:1` }, orderBy: BY_TOP1 }),
  failed: () => ({ filter: { states: ["FAILED"] }, orderBy: BY_TOP1 }),
  queued: () => ({ filter: { states: ["QUEUED"] }, orderBy: null }),
  architecture: () => ({ filter: { architectures: ["VGG13", "VGG16"] }, orderBy: BY_TOP1 }),
  setting: (number) => ({ filter: { configuration: [learningRate(number)] }, orderBy: null }),
  noSuchSetting: () => ({
    filter: { configuration: [{ path: "learningRate.initial", equals: "0.5" }] },
    orderBy: BY_TOP1,
  }),
  threeSettings: (number) => ({
    filter: {
      configuration: [
        learningRate(number),
        { path: "batchSize", equals: String(pick(BATCH_SIZES, number)) },
        { path: "head.kind", equals: "FULLY_CONNECTED" },
      ],
    },
    orderBy: BY_TOP1,
  }),
  severalMetrics: (number) => ({
    filter: {
      metric: [
        { key: TOP1, atLeast: 0.3, atMost: 0.35 },
        { key: "train.loss", atMost: 1.69 - (number % 50) / 1e4 },
        { key: "validation.top5", atLeast: 0.31 },
      ],
    },
    orderBy: { field: "METRIC_LAST", metric: "train.top1", direction: "ASC" },
  }),
  narrowMetric: (number) => ({
    filter: {
      metric: [{ key: TOP1, atLeast: (number % 900) / 1000, atMost: (number % 900) / 1000 + 0.0005 }],
    },
    orderBy: { field: "DURATION", direction: "DESC" },
  }),
  noSuchValue: () => ({ filter: { metric: [{ key: TOP1, atLeast: 2 }] }, orderBy: BY_TOP1 }),
  worst: () => ({ filter: null, orderBy: { field: "METRIC_BEST", metric: "train.loss", direction: "ASC" } }),
  longest: () => ({ filter: { states: ["SUCCEEDED"] }, orderBy: { field: "DURATION", direction: "DESC" } }),
  month: () => ({
    filter: { createdAfter: "2026-01-05T00:00:00Z", createdBefore: "2026-01-06T00:00:00Z" },
    orderBy: BY_TOP1,
  }),
};
