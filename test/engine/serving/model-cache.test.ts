import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { after, before, test } from "node:test";
import type { Session } from "../../../src/engine/session.js";
import type { ModelVersionRecord } from "../../../src/registry/model-records.js";
import { ModelCache, type ModelCacheLimits } from "../../../src/serving/model-cache.js";
import {
  createRegistryWorld,
  noiseImages,
  type RegistryWorld,
  trainTinyRun,
} from "../../testkit/registry-world.js";

const UNLIMITED_BYTES = Number.MAX_SAFE_INTEGER;

let world: RegistryWorld;
let versions: readonly [ModelVersionRecord, ModelVersionRecord, ModelVersionRecord];

before(async () => {
  world = await createRegistryWorld();
  const { runId } = await trainTinyRun(world, noiseImages(1, 32, 1));
  const register = (): Promise<ModelVersionRecord> =>
    world.registry.register({ model: "cached", runId, description: null, idempotencyKey: null });
  versions = [await register(), await register(), await register()];
});

after(() => world[Symbol.asyncDispose]());

function createCache(limits: ModelCacheLimits): ModelCache {
  return new ModelCache({ registry: world.registry, limits });
}

async function classify(session: Session): Promise<void> {
  await session.run("serving_default", { images: noiseImages(1, 32, 1) });
}

function returned(session: Session): Promise<Session> {
  return Promise.resolve(session);
}

test("concurrent calls open a model once, and later calls reuse it", async () => {
  await using cache = createCache({ models: 2, bytes: UNLIMITED_BYTES });
  const sessions = await Promise.all(Array.from({ length: 5 }, () => cache.use(versions[0], returned)));
  sessions.push(await cache.use(versions[0], returned));
  assert.equal(new Set(sessions).size, 1);
});

test("the least recently used model is closed when too many are open", async () => {
  await using cache = createCache({ models: 2, bytes: UNLIMITED_BYTES });
  const [first, second, third] = versions;
  const closed = await cache.use(second, returned);
  for (const version of [first, third]) await cache.use(version, classify);
  assert.deepEqual(cache.versionIds, [first.id, third.id]);
  await assert.rejects(classify(closed), { code: "ENGINE_SESSION_CLOSED" });

  await cache.use(first, classify);
  await cache.use(second, classify);
  assert.deepEqual(cache.versionIds, [first.id, second.id]);
});

test("models are closed when their total size is too large, but a single large model stays open", async () => {
  await using cache = createCache({ models: 10, bytes: 1 });
  for (const version of versions) await cache.use(version, classify);
  assert.deepEqual(cache.versionIds, [versions[2].id]);
});

test("a model in use is closed after its last call has ended", async () => {
  await using cache = createCache({ models: 1, bytes: UNLIMITED_BYTES });
  const { promise: others, resolve: othersHaveRun } = Promise.withResolvers<void>();
  const long = cache.use(versions[0], async (session) => {
    await others;
    await classify(session);
    return session;
  });
  for (const version of [versions[1], versions[2]]) await cache.use(version, classify).catch(othersHaveRun);
  const openMeanwhile = cache.versionIds;
  othersHaveRun();
  assert.deepEqual(openMeanwhile, [versions[0].id, versions[2].id]);
  const session = await long;
  assert.deepEqual(cache.versionIds, [versions[2].id]);
  await assert.rejects(classify(session), { code: "ENGINE_SESSION_CLOSED" });
});

test("disposing waits for the calls in progress and refuses new ones", async () => {
  const cache = createCache({ models: 3, bytes: UNLIMITED_BYTES });
  const { promise: disposal, resolve: disposalHasBegun } = Promise.withResolvers<void>();
  const under = cache.use(versions[0], async (session) => {
    await disposal;
    await classify(session);
    return session;
  });
  const disposed = cache[Symbol.asyncDispose]();
  disposalHasBegun();
  const session = await under;
  await disposed;
  assert.deepEqual(cache.versionIds, []);
  await assert.rejects(classify(session), { code: "ENGINE_SESSION_CLOSED" });
  await assert.rejects(cache.use(versions[0], classify), { code: "SERVER_STOPPING" });
});

test("a model that cannot be opened fails its callers, and the next call tries again", async () => {
  await using cache = createCache({ models: 3, bytes: UNLIMITED_BYTES });
  const { runId } = await trainTinyRun(world, noiseImages(1, 32, 1));
  const version = await world.registry.register({
    model: "gone",
    runId,
    description: null,
    idempotencyKey: null,
  });
  await rm(world.registry.folderOf(version.id), { recursive: true });
  const uses = await Promise.allSettled([cache.use(version, classify), cache.use(version, classify)]);
  for (const use of uses) {
    assert.equal(use.status, "rejected");
    assert.equal(use.reason.code, "MODEL_DAMAGED");
  }
  assert.deepEqual(cache.versionIds, []);
  await cache.use(versions[0], classify);
});
