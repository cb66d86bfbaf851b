import type { Role } from "../core/enumerations.js";

/** An access token as stored; the secret itself is not. */
export interface AccessTokenRecord {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: Date;
  /** Exact to a minute; null when it was never used. */
  readonly lastUsedAt: Date | null;
  /** Null while it works. */
  readonly revokedAt: Date | null;
}
