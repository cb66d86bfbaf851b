import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { RUN_ENVIRONMENT } from "../../../src/core/runs/environment.js";
import { DURABLE_EVENT_BODY } from "../../../src/core/runs/events.js";
import { encodeJson, parseStored, storedNumber, storedTime } from "../../../src/core/stored-json.js";

test("numbers that JSON lacks, and times, come back as they were stored", () => {
  const schema = z.object({ values: z.array(storedNumber), at: storedTime });
  const stored = { values: [1.5, Number.NaN, Infinity, -Infinity], at: new Date("2026-01-02T03:04:05.678Z") };
  assert.deepEqual(parseStored(schema, JSON.parse(encodeJson(stored)), "test"), stored);
});

test("an environment of an earlier version has defaults for what it lacks", () => {
  const earlier = {
    product: "espalier 0.1.0",
    tensorflowVersion: "2.21.0",
    nodeVersion: "24.0.0",
    processor: "a processor",
    device: "CPU",
    threads: 2,
    precision: "FLOAT32",
    partSize: 8,
  };
  assert.deepEqual(parseStored(RUN_ENVIRONMENT, earlier, "environment"), {
    ...earlier,
    customOps: [],
    eigenKernelGradients: null,
    precisionMeasurements: [],
  });
});

test("properties that a later version added to an event are dropped", () => {
  const body = { kind: "RunWarning", code: "RESUMED", message: "from epoch 2" };
  assert.deepEqual(parseStored(DURABLE_EVENT_BODY, { ...body, severity: 3 }, "event"), body);
});

test("stored JSON that does not fit is refused, and the error says where", () => {
  const body = { kind: "RunStateChanged", from: null, to: "ASLEEP", reason: null, detail: null };
  assert.throws(
    () => parseStored(DURABLE_EVENT_BODY, body, "run event"),
    /^Error: The database holds an invalid run event: [\s\S]*at to/,
  );
});
