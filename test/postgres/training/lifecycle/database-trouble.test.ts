import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { Database } from "../../../../src/db/database.js";
import { applyMigrations } from "../../../../src/db/migrations/apply-migrations.js";
import { SYSTEM_CLOCK } from "../../../../src/lang/clock.js";
import { createLog } from "../../../../src/telemetry/log.js";
import { AttemptTime } from "../../../../src/training/attempt/attempt-time.js";
import { WriteQueue } from "../../../../src/training/attempt/write-queue.js";
import { causeDeadlock } from "../../../../torture/faults/cause-deadlock.js";
import { KillablePostgres } from "../../../../torture/world/killable-postgres.js";
import { testLog } from "../../../testkit/postgres/database.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";
import { finishEpoch, insertVersion, startNext, succeed, trainingOver } from "../training-stores.js";

const NEVER = new AbortController().signal;
/** So short that the writer of a run has to wait by itself. */
const PATIENCE_MS = 100;

test("failovers, deadlocks and crashes of PostgreSQL lose and double nothing that a run writes, and do not end it", async () => {
  await using home = await temporaryFolder();
  await using postgres = await KillablePostgres.start(path.join(home.folder, "postgres"));
  await applyMigrations(postgres.url, testLog);
  await using database = await Database.open(postgres.url, testLog, PATIENCE_MS);
  const training = trainingOver(database);
  await insertVersion(database);
  await training.launch({ configuration: { ...CONFIGURATION, epochs: 1000 } });
  const attempt = await startNext(training);
  const writer = new WriteQueue({
    log: createLog("silent"),
    time: new AttemptTime(SYSTEM_CLOCK, 0),
    closing: NEVER,
    onFailure: (error) => assert.fail(String(error)),
  });
  let isOver = false;
  let epochs = 0;
  const writing = (async () => {
    while (!isOver) {
      epochs += 1;
      const number = epochs;
      await writer.write(async () => {
        await finishEpoch(training, attempt, { number, validationLoss: 1 / number });
      });
      // One write after the other, so that there is always one to disturb.
      await writer.flush();
    }
  })();
  const deadlocks = async (): Promise<number> => {
    const client = await postgres.connect();
    await client.query("select pg_stat_force_next_flush()");
    const { rows } = await client.query(
      "select deadlocks::int from pg_stat_database where datname = current_database()",
    );
    await client.end();
    return rows[0]?.deadlocks;
  };

  await postgres.failOver(300, NEVER);
  assert.equal(await causeDeadlock(postgres, attempt.runId, { isOver: false }, NEVER), true);
  assert.ok((await deadlocks()) >= 1);
  await postgres.failOver(0, NEVER);
  assert.equal(await causeDeadlock(postgres, attempt.runId, { isOver: false }, NEVER), true);
  await postgres.crash("SIGKILL", 0, NEVER);
  await postgres.failOver(300, NEVER);
  isOver = true;
  await writing;
  await writer.write(() => succeed(training, attempt));
  await writer.flush();

  const [run] = await training.runs.find([attempt.runId]);
  assert.equal(run?.state, "SUCCEEDED");
  const { points } = await training.metrics.history(attempt.runId, "validation.loss", 5000);
  assert.deepEqual(
    points.map(({ step, value }) => [step, value]),
    Array.from({ length: epochs }, (_, index) => [2 * (index + 1), 1 / (index + 1)]),
  );
  const completed: number[] = [];
  for await (const event of training.events.follow(attempt.runId, null, NEVER)) {
    if (event.kind === "EpochCompleted") completed.push(event.epoch.number);
  }
  assert.deepEqual(
    completed,
    Array.from({ length: epochs }, (_, index) => index + 1),
  );
});

const CONFIGURATION = {
  architecture: "VGG11",
  widthMultiplier: 0.0625,
  imageSizePixels: 32,
  batchSize: 2,
} as const;
