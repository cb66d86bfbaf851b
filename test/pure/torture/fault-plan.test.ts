import assert from "node:assert/strict";
import { test } from "node:test";
import { type Fault, type FaultKind, MOMENTS, planFaults } from "../../../torture/faults/fault-plan.js";

const WANTED = {
  seed: 0,
  run: 1,
  kills: 5,
  postgresRestarts: 2,
  failovers: 2,
  deadlocks: 1,
  epochs: 10,
  savesInside: true,
};
const PLANS = Array.from({ length: 200 }, (_, index) => planFaults({ ...WANTED, run: index + 1 }));
const needsTraining = ({ moment }: Fault): boolean => moment !== "PREPARING" && moment !== "STARTING";

test("the same seed gives the same plan, and another seed or run gives another plan", () => {
  assert.deepEqual(planFaults(WANTED), planFaults(WANTED));
  assert.notDeepEqual(planFaults(WANTED), planFaults({ ...WANTED, seed: 1 }));
  assert.notDeepEqual(planFaults(WANTED), planFaults({ ...WANTED, run: 2 }));
});

test("a plan has as many faults as were wanted, all within the run", () => {
  for (const plan of PLANS) {
    const count = (kind: FaultKind): number => plan.filter((fault) => fault.kind === kind).length;
    assert.deepEqual(
      ["SERVER", "POSTGRES", "FAILOVER", "DEADLOCK"].map((kind) => count(kind as FaultKind)),
      [5, 2, 2, 1],
    );
    for (const { afterEpoch, fraction } of plan) {
      assert.ok(afterEpoch >= 0 && afterEpoch < WANTED.epochs && fraction >= 0 && fraction < 1);
    }
  }
  const none = { kills: 0, postgresRestarts: 0, failovers: 0, deadlocks: 0 };
  assert.deepEqual(planFaults({ ...WANTED, ...none }), []);
});

test("faults during training are ordered by epoch", () => {
  for (const plan of PLANS) {
    const epochs = plan.filter(needsTraining).map(({ afterEpoch }) => afterEpoch);
    assert.deepEqual(
      epochs,
      epochs.toSorted((one, other) => one - other),
    );
  }
});

test("a server is killed while it starts only after it was killed", () => {
  for (const plan of PLANS) {
    for (const [index, { moment }] of plan.entries()) {
      if (moment !== "STARTING") continue;
      assert.equal(plan[index - 1]?.kind, "SERVER");
    }
  }
});

test("no fault waits for a checkpoint inside an epoch where there are none", () => {
  for (let run = 1; run <= 200; run++) {
    const plan = planFaults({ ...WANTED, run, savesInside: false });
    assert.ok(plan.every(({ moment }) => moment !== "INSIDE"));
  }
});

test("every moment is used, and the database is disturbed only while a run trains", () => {
  const faults = PLANS.flat();
  for (const moment of Object.keys(MOMENTS)) {
    assert.ok(
      faults.some((fault) => fault.moment === moment),
      moment,
    );
  }
  assert.ok(faults.filter(({ kind }) => kind !== "SERVER").every(needsTraining));
});
