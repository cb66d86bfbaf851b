import assert from "node:assert/strict";
import { test } from "node:test";
import { findClassFolders } from "../../../../src/data/sources/class-folders.js";

function classesOf(...names: string[]): (string | null)[] {
  const folders = findClassFolders(names);
  return names.map((name) => folders.classOf(name));
}

test("a class is a folder at the root", () => {
  assert.deepEqual(classesOf("daisy/1.jpg", "rose/2.jpg"), ["daisy", "rose"]);
});

test("folders that wrap everything are not classes, however many there are", () => {
  assert.deepEqual(classesOf("a/b/c/daisy/1.jpg", "a/b/c/rose/2.jpg"), ["daisy", "rose"]);
  assert.deepEqual(classesOf("./flowers/daisy/1.jpg", "./flowers/rose/2.jpg"), ["daisy", "rose"]);
});

test("folders inside a class folder belong to its class", () => {
  assert.deepEqual(classesOf("daisy/spring/1.jpg", "daisy/2.jpg", "rose/x/y/3.jpg"), [
    "daisy",
    "daisy",
    "rose",
  ]);
});

test("images outside of class folders, at the root or inside a wrapper, have no class", () => {
  assert.deepEqual(classesOf("1.jpg", "daisy/2.jpg", "rose/3.jpg"), [null, "daisy", "rose"]);
  assert.deepEqual(classesOf("all/1.jpg", "all/daisy/2.jpg", "all/rose/3.jpg"), [null, "daisy", "rose"]);
});

test("a single folder of images is a class, not a wrapper", () => {
  assert.deepEqual(classesOf("daisy/1.jpg", "daisy/2.jpg"), ["daisy", "daisy"]);
});

test("images without any folder have no class", () => {
  assert.deepEqual(classesOf("1.jpg", "2.jpg"), [null, null]);
});
