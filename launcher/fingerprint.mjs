/** Tells whether files have changed since a step was last done, without reading them all. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

/**
 * Files below folders, or files named themselves, as sorted paths relative to `root`. What is not
 * there is left out.
 *
 * @param {string} root
 * @param {readonly string[]} entries
 * @returns {string[]}
 */
export function listFiles(root, entries) {
  const files = entries.flatMap((entry) => {
    const full = path.join(root, entry);
    if (!existsSync(full)) return [];
    if (!statSync(full).isDirectory()) return [entry];
    return listFiles(
      root,
      readdirSync(full).map((name) => path.join(entry, name)),
    );
  });
  return files.sort();
}

/**
 * A hash over names, sizes and times of change: a checkout or an edit changes it, a start does not.
 *
 * @param {string} root
 * @param {readonly string[]} entries folders and files
 */
export function fingerprint(root, entries) {
  const hash = createHash("sha256");
  for (const file of listFiles(root, entries)) {
    const { size, mtimeMs } = statSync(path.join(root, file));
    hash.update(`${file}\n${size}\n${mtimeMs}\n`);
  }
  return hash.digest("hex");
}

/** Which fingerprint every step was last done with; kept in node_modules, so it goes with it. */
export class Stamps {
  #file;
  #stamps;

  /** @param {string} root */
  constructor(root) {
    this.#file = path.join(root, "node_modules/.espalier-stamps.json");
    this.#stamps = existsSync(this.#file) ? JSON.parse(readFileSync(this.#file, "utf8")) : {};
  }

  /** @param {string} step @param {string} stamp */
  isCurrent(step, stamp) {
    return this.#stamps[step] === stamp;
  }

  /** @param {string} step @param {string} stamp */
  record(step, stamp) {
    this.#stamps[step] = stamp;
    writeFileSync(this.#file, JSON.stringify(this.#stamps, null, 2));
  }
}
