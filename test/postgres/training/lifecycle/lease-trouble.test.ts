import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { test } from "node:test";
import type { Clock } from "../../../../src/lang/clock.js";
import { createLog } from "../../../../src/telemetry/log.js";
import { Trainer, type TrainerOptions } from "../../../../src/training/attempt/trainer.js";
import type { RunInterruptionStore } from "../../../../src/training/lifecycle/interruption-store.js";
import { becomeReadOnly } from "../../../testkit/postgres/read-only.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";
import { insertVersion, leaseOf, openTraining, startNext } from "../training-stores.js";

const LEASE_SECONDS = 0.3;

test("after a failover, a worker has the time of a lease to renew, before its run is taken from it", async () => {
  await using training = await openTraining();
  await using home = await temporaryFolder();
  await insertVersion(training.database);
  let monotonicMs = 1_000_000;
  const clock: Clock = { now: () => new Date(), monotonicMs: () => monotonicMs };
  const looks = new EventEmitter();
  const interruptions = watched(training.interruptions, looks);
  const options: Pick<TrainerOptions, "stores" | "outputs" | "worker" | "clock" | "log"> = {
    stores: { ...training, interruptions },
    outputs: { runsFolder: home.folder } as TrainerOptions["outputs"],
    worker: {
      identity: { id: "other", device: "CPU", isDead: () => false },
      leaseSeconds: LEASE_SECONDS,
      crash: null,
    },
    clock,
    log: createLog("silent"),
  };
  await using trainer = new Trainer({ ...options, sources: {} } as TrainerOptions);
  await trainer.start({ takesRuns: false });

  await training.launch();
  const attempt = await startNext(training, { ...leaseOf(), seconds: 60 });
  await becomeReadOnly(training.database.url, true);
  await once(looks, "failed");
  await becomeReadOnly(training.database.url, false);
  // The lease has expired meanwhile.
  await training.queue.renew(attempt, { ...leaseOf(), seconds: -60 });
  for (let look = 0; look < 3; look++) await once(looks, "done");
  assert.equal((await training.runs.find([attempt.runId]))[0]?.state, "RUNNING");
  monotonicMs += LEASE_SECONDS * 1000;
  await once(looks, "found");
  assert.equal((await training.runs.find([attempt.runId]))[0]?.state, "QUEUED");
});

/** The store, and an event for each time that it is asked for lost runs. */
function watched(store: RunInterruptionStore, looks: EventEmitter): RunInterruptionStore {
  const { interruptLost } = store;
  store.interruptLost = async (...args) => {
    try {
      const lost = await interruptLost.apply(store, args);
      looks.emit(lost.length > 0 ? "found" : "done");
      return lost;
    } catch (error) {
      looks.emit("failed");
      throw error;
    }
  };
  return store;
}
