import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAliasName, checkModelName, parseModelRef } from "../../../src/registry/model-ref.js";

test("a reference names a model alone, with a version number, or with an alias", () => {
  assert.deepEqual(parseModelRef("flowers"), { kind: "latest", model: "flowers" });
  assert.deepEqual(parseModelRef("flowers:3"), { kind: "number", model: "flowers", number: 3 });
  assert.deepEqual(parseModelRef("flowers@champion"), {
    kind: "alias",
    model: "flowers",
    alias: "champion",
  });
});

test("any other text is not a reference", () => {
  const refs = [
    "",
    "flowers:",
    "flowers:0",
    "flowers:03",
    "flowers:-1",
    "flowers:x",
    "flowers@",
    "@champion",
  ];
  const more = ["flowers:1@champion", "a b", "../flowers", "flowers:2147483648", "flowers\0", ":1"];
  for (const ref of [...refs, ...more]) assert.equal(parseModelRef(ref), null, ref);
});

test("names that are ambiguous in a reference or a path are refused", () => {
  for (const name of ["flowers", "Flowers-2.v1_b", "7"]) checkModelName(name);
  for (const name of ["", "a:b", "a@b", "a/b", ".hidden", "-x", "a b", "ü", "x".repeat(64)]) {
    assert.throws(() => checkModelName(name), { code: "NAME_INVALID", path: ["model"] }, name);
  }
});

test("an alias that looks like a version number is refused", () => {
  for (const alias of ["champion", "v3", "3rd", "2026-spring"]) checkAliasName(alias);
  for (const alias of ["3", "007", "1.2", "", "a@b"]) {
    assert.throws(() => checkAliasName(alias), { code: "NAME_INVALID", path: ["alias"] }, alias);
  }
});
