import assert from "node:assert/strict";
import { test } from "node:test";
import { MOMENTS, planStrikes, type Strike } from "../../../torture/strikes/strike-plan.js";

const WANTED = { seed: 0, run: 1, kills: 5, postgresRestarts: 2, epochs: 10, savesInside: true };
const PLANS = Array.from({ length: 200 }, (_, index) => planStrikes({ ...WANTED, run: index + 1 }));
const needsTraining = ({ moment }: Strike): boolean => moment !== "PREPARING" && moment !== "STARTING";

test("the same seed plans the same blows, another seed and another run others", () => {
  assert.deepEqual(planStrikes(WANTED), planStrikes(WANTED));
  assert.notDeepEqual(planStrikes(WANTED), planStrikes({ ...WANTED, seed: 1 }));
  assert.notDeepEqual(planStrikes(WANTED), planStrikes({ ...WANTED, run: 2 }));
});

test("a run gets as many blows as were wanted, each of which can come", () => {
  for (const plan of PLANS) {
    assert.equal(plan.filter(({ target }) => target === "SERVER").length, 5);
    assert.equal(plan.filter(({ target }) => target === "POSTGRES").length, 2);
    for (const { afterEpoch, fraction } of plan) {
      assert.ok(afterEpoch >= 0 && afterEpoch < WANTED.epochs && fraction >= 0 && fraction < 1);
    }
  }
  assert.deepEqual(planStrikes({ ...WANTED, kills: 0, postgresRestarts: 0 }), []);
});

test("blows while it trains come in the order of its epochs", () => {
  for (const plan of PLANS) {
    const epochs = plan.filter(needsTraining).map(({ afterEpoch }) => afterEpoch);
    assert.deepEqual(
      epochs,
      epochs.toSorted((one, other) => one - other),
    );
  }
});

test("a server is killed while it starts only where it was killed before", () => {
  for (const plan of PLANS) {
    for (const [index, { moment }] of plan.entries()) {
      if (moment !== "STARTING") continue;
      assert.equal(plan[index - 1]?.target, "SERVER");
    }
  }
});

test("no run waits for a checkpoint inside an epoch where there are none", () => {
  for (let run = 1; run <= 200; run++) {
    const plan = planStrikes({ ...WANTED, run, savesInside: false });
    assert.ok(plan.every(({ moment }) => moment !== "INSIDE"));
  }
});

test("every moment is aimed at, and PostgreSQL only while a run trains", () => {
  const strikes = PLANS.flat();
  for (const moment of Object.keys(MOMENTS)) {
    assert.ok(
      strikes.some((strike) => strike.moment === moment),
      moment,
    );
  }
  assert.ok(strikes.filter(({ target }) => target === "POSTGRES").every(needsTraining));
});
