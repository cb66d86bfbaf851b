/** Tells whether files have changed since a step last ran, without reading them. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

/**
 * Lists the files in folders and below, and files that are named themselves, as sorted paths relative to `root`. An
 * entry that does not exist is left out.
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
 * Hashes the names, sizes and modification times of files.
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

/** The fingerprint of each step's inputs when it last ran. They are kept in node_modules and deleted with it. */
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
