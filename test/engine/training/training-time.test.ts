import assert from "node:assert/strict";
import { test } from "node:test";
import { trainingSeconds } from "../../../src/training/record/training-time.js";
import { epochDone, follow, openTrainingWorld, runNow, SLOW, type TrainingWorld } from "./training-world.js";

/** Seconds in PREPARING and RUNNING, by the events of the run. */
async function activeSeconds(world: TrainingWorld, runId: string): Promise<number> {
  const { items } = await world.events.list(runId, { first: 200 });
  const changes = items.flatMap(({ node }) => (node.kind === "RunStateChanged" ? [node] : []));
  return changes.reduce((sum, { to, at }, index) => {
    const next = changes[index + 1];
    const active = to === "PREPARING" || to === "RUNNING";
    return active && next !== undefined ? sum + (next.at.getTime() - at.getTime()) / 1000 : sum;
  }, 0);
}

test("the time of a run that was paused and extended is that of its attempts", async () => {
  await using world = await openTrainingWorld();
  await using _trainer = await world.startTrainer();
  const { id } = await world.launchTiny({ epochs: 12 });
  await follow(world, id, epochDone(1));
  await world.control.pause(id);
  const before = await follow(
    world,
    id,
    (event) => event.kind === "RunStateChanged" && event.to === "PAUSED",
  );
  const trained = before.filter(({ kind }) => kind === "EpochCompleted").length;
  const paused = await runNow(world, id);
  assert.ok(paused.trainingSeconds > 0);
  assert.equal(paused.trainingSecondsAt, null);
  // Another run trains while this one waits.
  await follow(world, (await world.launchTiny({ epochs: 6 })).id);
  assert.equal((await runNow(world, id)).trainingSeconds, paused.trainingSeconds);

  await world.control.resume(id);
  await follow(world, id, epochDone(trained + 1));
  const running = await runNow(world, id);
  assert.ok((trainingSeconds(running, new Date()) ?? 0) > paused.trainingSeconds);
  await follow(world, id);
  await world.control.extend(id, 13);
  const extended = await follow(world, id);
  assert.ok(extended.some((event) => event.kind === "EpochCompleted" && event.epoch.number === 13));

  const run = await runNow(world, id);
  const [spent, active] = [run.trainingSeconds, await activeSeconds(world, id)];
  // Attempts are measured from just after their claim, without the waiting for the database.
  assert.ok(spent <= active && spent > active / 2, `${spent} of ${active} s`);
  const wall = ((run.endedAt?.getTime() ?? 0) - (run.startedAt?.getTime() ?? 0)) / 1000;
  assert.ok(spent < wall, `${spent} of ${wall} s`);
});

test("the time of a trainer that was killed is known up to its last report, and that until it was missed does not count", async () => {
  await using world = await openTrainingWorld();
  const { id } = await world.launchTiny({ ...SLOW, epochs: 2 });
  {
    await using _child = world.startTrainerInChild();
    await follow(world, id, epochDone(1));
    await follow(world, id, (event) => event.kind === "TrainingProgress" && event.progress.epoch === 2);
  }
  const killed = await runNow(world, id);
  assert.equal(killed.state, "RUNNING");
  const [epoch] = (await world.runs.epochsOf([id])).get(id) ?? [];
  assert.ok(killed.trainingSeconds >= (epoch?.seconds ?? Number.POSITIVE_INFINITY));

  await using _trainer = await world.startTrainer();
  await follow(world, id);
  const run = await runNow(world, id);
  assert.deepEqual([run.state, run.attempt], ["SUCCEEDED", 2]);
  assert.ok(run.trainingSeconds > killed.trainingSeconds);
  assert.ok(run.trainingSeconds < (await activeSeconds(world, id)));
});
