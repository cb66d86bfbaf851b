import { randomBytes } from "node:crypto";
import { keysOf } from "../lang/keys-of.js";

/** The prefix of an id tells the kind of the thing that it names, so that `node(id)` needs one lookup only. */
export const ID_PREFIXES = {
  dataset: "ds",
  datasetVersion: "dsv",
  sample: "smp",
  upload: "upl",
  experiment: "exp",
  run: "run",
  checkpoint: "ckp",
  model: "mdl",
  modelVersion: "mdv",
  modelExport: "mex",
  accessToken: "tok",
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

/** Crockford's base 32 in lower case: it has no letters that look like digits, and sorts as ASCII. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_LENGTH = 10;
const RANDOM_LENGTH = 16;
const BODY = `[${ALPHABET}]{${TIME_LENGTH + RANDOM_LENGTH}}`;

/**
 * Makes an opaque id: a prefix, 48 bits of time in milliseconds and 80 random bits (the layout of a ULID). Later ids
 * sort later, so that new rows go to the same index pages.
 */
export function newId(kind: IdKind, nowMs: number = Date.now()): string {
  let time = "";
  for (let rest = nowMs, digit = 0; digit < TIME_LENGTH; digit++) {
    time = ALPHABET.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  // 256 is a multiple of 32, so the low five bits of a random byte are uniform.
  const random = Array.from(randomBytes(RANDOM_LENGTH), (byte) => ALPHABET.charAt(byte & 31)).join("");
  return `${ID_PREFIXES[kind]}_${time}${random}`;
}

/** The kind of thing that an id names; null when the text is not an id. */
export function kindOfId(id: string): IdKind | null {
  const prefix = new RegExp(`^([a-z]+)_${BODY}$`).exec(id)?.[1];
  return keysOf(ID_PREFIXES).find((kind) => ID_PREFIXES[kind] === prefix) ?? null;
}
