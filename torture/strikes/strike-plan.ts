import { SeededRandom } from "../../demo/flowers/seeded-random.js";

/** When a blow falls. Those that the run needs to be training for wait until it is. */
export const MOMENTS = {
  ANY: "at any time",
  CHECKPOINT: "while a checkpoint was written",
  EPOCH: "right after an epoch was told",
  INSIDE: "right after a checkpoint inside an epoch",
  METRICS: "while metrics were written",
  PREPARING: "while the run was prepared",
  STARTING: "while the server started",
} as const;

export type Moment = keyof typeof MOMENTS;

/** Those for which the run has to be training. */
export const WHILE_TRAINING = [
  "ANY",
  "CHECKPOINT",
  "EPOCH",
  "INSIDE",
  "METRICS",
] as const satisfies readonly Moment[];
const WHILE_RESUMING = ["PREPARING", "STARTING"] as const satisfies readonly Moment[];

/** How often a run is killed before it trains, and again before it trains on. */
const KILLED_WHILE_PREPARING = 0.25;
const KILLED_WHILE_RESUMING = 0.35;

export interface Strike {
  readonly target: "SERVER" | "POSTGRES";
  readonly moment: Moment;
  /** Epochs that are done before it; 0: none. */
  readonly afterEpoch: number;
  /** Where in the moment it falls, and how long PostgreSQL stays away, in [0, 1). */
  readonly fraction: number;
  /** Whether PostgreSQL is given the time to tell its own processes. */
  readonly orderly: boolean;
}

export interface StrikesWanted {
  readonly seed: number;
  /** Counts from 1. */
  readonly run: number;
  readonly kills: number;
  readonly postgresRestarts: number;
  /** Of the run. */
  readonly epochs: number;
  /** Whether epochs last long enough here for checkpoints inside them. */
  readonly savesInside: boolean;
}

/** What happens to one run, in order; the same for the same seed. */
export function planStrikes({
  seed,
  run,
  kills,
  postgresRestarts,
  epochs,
  savesInside,
}: StrikesWanted): readonly Strike[] {
  const random = new SeededRandom(`${seed}/${run}`);
  const momentsOfTraining = WHILE_TRAINING.filter((moment) => savesInside || moment !== "INSIDE");
  const strike = (target: Strike["target"], moments: readonly Moment[], afterEpoch: number): Strike => ({
    target,
    moment: moments[random.integer(0, moments.length - 1)] ?? "ANY",
    afterEpoch,
    fraction: random.unit(),
    orderly: random.chance(0.5),
  });
  const whileTraining = (target: Strike["target"]): Strike =>
    strike(target, momentsOfTraining, random.integer(0, epochs - 1));

  const first: Strike[] = [];
  let left = kills;
  if (left > 0 && random.chance(KILLED_WHILE_PREPARING)) {
    first.push(strike("SERVER", ["PREPARING"], 0));
    left -= 1;
  }
  // A kill while the run resumes belongs to the kill before it.
  const groups: Strike[][] = [];
  while (left > 0) {
    const group = [whileTraining("SERVER")];
    left -= 1;
    if (left > 0 && random.chance(KILLED_WHILE_RESUMING)) {
      group.push(strike("SERVER", WHILE_RESUMING, 0));
      left -= 1;
    }
    groups.push(group);
  }
  for (let restart = 0; restart < postgresRestarts; restart++) groups.push([whileTraining("POSTGRES")]);
  const epochOf = ([strike]: readonly Strike[]): number => strike?.afterEpoch ?? 0;
  return [...first, ...groups.sort((one, other) => epochOf(one) - epochOf(other)).flat()];
}
