import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Makes a leaked token recognizable to people and to scanners. */
const PREFIX = "esp_";
const SECRET_BYTES = 32;
const SECRET = /^esp_[A-Za-z0-9_-]{43}$/;

/** 256 random bits cannot be guessed, so storing a plain SHA-256 is safe. */
export function newSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString("base64url");
}

export function isSecret(text: string): boolean {
  return SECRET.test(text);
}

/** SHA-256 in lower-case hexadecimal. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Compares hashes in constant time. */
export function equalHashes(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one, "hex"), Buffer.from(other, "hex")];
  return a.length === b.length && timingSafeEqual(a, b);
}
