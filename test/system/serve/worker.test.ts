import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { graphql } from "../../../src/client/generated/gql.js";
import type { RunConfigurationInput } from "../../../src/client/generated/graphql.js";
import { awaitRun, importFlowers, launchRun } from "../../testkit/api/flower-job.js";
import { startTestServer, type TestServer } from "../../testkit/api/server.js";

const MAIN = fileURLToPath(import.meta.resolve("../../../src/cli/main.js"));
const CONFIGURATION: RunConfigurationInput = {
  architecture: "VGG11",
  widthMultiplier: 0.0625,
  imageSizePixels: 32,
  head: { kind: "GLOBAL_AVERAGE_POOLING" },
  precision: "FLOAT32",
  epochs: 2,
};

const RUN_STATE = graphql(`query WorkerRunState($id: ID!) { run(id: $id) { state queuePosition } }`);

const STATES = graphql(`subscription WorkerStates($id: ID!) {
  runEvents(runId: $id) { __typename ... on RunStateChanged { to } }
}`);

function startWorker({ homeFolder, database }: TestServer) {
  const env = {
    ...process.env,
    ESPALIER_HOME: homeFolder,
    DATABASE_URL: database.url,
    ESPALIER_DEVICE: "a GPU somewhere",
  };
  return spawn(process.execPath, [MAIN, "worker", "--json-ready"], { env });
}

test("a worker trains the runs of a server that does not train itself", async () => {
  await using server = await startTestServer({ ESPALIER_TRAIN: "off" });
  const dataset = await importFlowers(server, 8);
  const id = await launchRun(server, dataset, CONFIGURATION);
  const ask = () => server.viewer.ask(RUN_STATE, { id });
  assert.deepEqual(await ask(), { run: { state: "QUEUED", queuePosition: 1 } });

  const worker = startWorker(server);
  const errors = buffer(worker.stderr);
  const [line] = (await once(createInterface({ input: worker.stdout }), "line")) as [string];
  assert.deepEqual(JSON.parse(line), { device: "a GPU somewhere" });
  await awaitRun(server, id);
  assert.deepEqual(await ask(), { run: { state: "SUCCEEDED", queuePosition: null } });
  worker.stdin.end(); // As when the program that started it ends.
  assert.deepEqual(await once(worker, "close"), [0, null], String(await errors));
});

test("a server that does not train interrupts the run of a worker that died", async () => {
  await using server = await startTestServer({ ESPALIER_TRAIN: "off", ESPALIER_LEASE_SECONDS: "3" });
  const dataset = await importFlowers(server, 8);
  const id = await launchRun(server, dataset, { ...CONFIGURATION, epochs: 10_000 });
  const reached = async (what: string): Promise<void> => {
    for await (const { data } of server.viewer.follow(STATES, { id })) {
      if (JSON.stringify(data).includes(what)) return;
    }
  };
  const worker = startWorker(server);
  await reached("EpochCompleted");
  const closed = once(worker, "close");
  worker.kill("SIGKILL");
  await closed;
  await reached("INTERRUPTED");
});

test("a worker without DATABASE_URL says what it needs", async () => {
  const { DATABASE_URL: _, ...env } = process.env;
  const worker = spawn(process.execPath, [MAIN, "worker"], { env });
  const [errors, [code]] = await Promise.all([buffer(worker.stderr), once(worker, "close")]);
  assert.equal(code, 1);
  assert.match(String(errors), /DATABASE_URL.*WORKER_NEEDS_DATABASE/s);
});
