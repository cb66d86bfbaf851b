import { SeededRandom } from "../../demo/flowers/seeded-random.js";

/** Moments of faults, in the words of the report. */
export const MOMENTS = {
  ANY: "at any time",
  CHECKPOINT: "while a checkpoint was written",
  EPOCH: "right after the event of an epoch",
  INSIDE: "right after a checkpoint inside an epoch",
  METRICS: "while metrics were written",
  PREPARING: "while the run was prepared",
  STARTING: "while the server started",
} as const;

export type Moment = keyof typeof MOMENTS;

/** Moments that only come while the run trains. */
export const WHILE_TRAINING = [
  "ANY",
  "CHECKPOINT",
  "EPOCH",
  "INSIDE",
  "METRICS",
] as const satisfies readonly Moment[];
const WHILE_RESUMING = ["PREPARING", "STARTING"] as const satisfies readonly Moment[];

/** Probabilities of a kill before the run trains, and of another kill before it continues. */
const KILLED_WHILE_PREPARING = 0.25;
const KILLED_WHILE_RESUMING = 0.35;

/** What is done to a run, in the words of the report. */
export const FAULT_KINDS = {
  SERVER: "killed the server",
  POSTGRES: "killed PostgreSQL",
  FAILOVER: "made PostgreSQL read-only",
  DEADLOCK: "caused a deadlock",
} as const;

export type FaultKind = keyof typeof FAULT_KINDS;

export interface Fault {
  readonly kind: FaultKind;
  readonly moment: Moment;
  /** Number of epochs that are completed before. */
  readonly afterEpoch: number;
  /** Position within the moment, and share of the maximum time until PostgreSQL accepts writes again, in [0, 1). */
  readonly fraction: number;
  /** Whether PostgreSQL may stop its own processes before it exits. */
  readonly orderly: boolean;
}

export interface FaultsWanted {
  readonly seed: number;
  /** Number of the run, from 1. */
  readonly run: number;
  readonly kills: number;
  readonly postgresRestarts: number;
  readonly failovers: number;
  readonly deadlocks: number;
  /** Number of epochs of the run. */
  readonly epochs: number;
  /** Whether epochs last long enough for checkpoints inside them. */
  readonly savesInside: boolean;
}

/** Plans the faults of one run, in order. The same seed gives the same plan. */
export function planFaults({
  seed,
  run,
  kills,
  postgresRestarts,
  failovers,
  deadlocks,
  epochs,
  savesInside,
}: FaultsWanted): readonly Fault[] {
  const random = new SeededRandom(`${seed}/${run}`);
  const momentsOfTraining = WHILE_TRAINING.filter((moment) => savesInside || moment !== "INSIDE");
  const fault = (kind: FaultKind, moments: readonly Moment[], afterEpoch: number): Fault => ({
    kind,
    moment: moments[random.integer(0, moments.length - 1)] ?? "ANY",
    afterEpoch,
    fraction: random.unit(),
    orderly: random.chance(0.5),
  });
  const whileTraining = (kind: FaultKind): Fault =>
    fault(kind, momentsOfTraining, random.integer(0, epochs - 1));

  const first: Fault[] = [];
  let left = kills;
  if (left > 0 && random.chance(KILLED_WHILE_PREPARING)) {
    first.push(fault("SERVER", ["PREPARING"], 0));
    left -= 1;
  }
  // A kill while the run resumes belongs to the kill before it.
  const groups: Fault[][] = [];
  while (left > 0) {
    const group = [whileTraining("SERVER")];
    left -= 1;
    if (left > 0 && random.chance(KILLED_WHILE_RESUMING)) {
      group.push(fault("SERVER", WHILE_RESUMING, 0));
      left -= 1;
    }
    groups.push(group);
  }
  for (let restart = 0; restart < postgresRestarts; restart++) groups.push([whileTraining("POSTGRES")]);
  for (let failover = 0; failover < failovers; failover++) groups.push([whileTraining("FAILOVER")]);
  for (let deadlock = 0; deadlock < deadlocks; deadlock++) {
    groups.push([fault("DEADLOCK", ["ANY"], random.integer(0, epochs - 1))]);
  }
  const epochOf = ([fault]: readonly Fault[]): number => fault?.afterEpoch ?? 0;
  return [...first, ...groups.sort((one, other) => epochOf(one) - epochOf(other)).flat()];
}
