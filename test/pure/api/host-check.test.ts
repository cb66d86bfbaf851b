import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { isLoopback, refusalOf } from "../../../src/api/http/host-check.js";

test("a server on loopback accepts only loopback names, which prevents DNS rebinding", () => {
  for (const host of ["localhost:4000", "LOCALHOST", "127.0.0.1:4000", "127.8.9.1", "[::1]:4000"]) {
    assert.equal(refusal({ host }), null, host);
  }
  for (const host of [
    "evil.example",
    "evil.example:4000",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "",
    "a b",
  ]) {
    assert.equal(refusal({ host }), "HOST_NOT_ALLOWED", host);
  }
  assert.equal(refusal({}), "HOST_NOT_ALLOWED");
});

test("a server on another interface accepts any host name", () => {
  assert.equal(refusal({ host: "gpu.example:4000" }, false), null);
});

test("web pages of other origins are refused; the server's own pages and programs are accepted", () => {
  const host = "localhost:4000";
  assert.equal(refusal({ host, origin: "http://localhost:4000" }), null);
  assert.equal(refusal({ host: "gpu.example", origin: "https://gpu.example" }, false), null);
  for (const origin of [
    "http://localhost:5000",
    "http://evil.example",
    "null",
    "",
    "http://127.0.0.1:4000",
  ]) {
    assert.equal(refusal({ host, origin }), "ORIGIN_NOT_ALLOWED", origin);
  }
});

test("loopback is recognized by its names and addresses", () => {
  for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
    assert.equal(isLoopback(host), true, host);
  for (const host of ["0.0.0.0", "::", "192.168.1.2", "gpu.example", "127.example"]) {
    assert.equal(isLoopback(host), false, host);
  }
});

function refusal(headers: { host?: string; origin?: string }, listensOnLoopback = true): string | null {
  return refusalOf({ headers } as IncomingMessage, listensOnLoopback)?.code ?? null;
}
