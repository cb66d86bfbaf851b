import type { Role } from "../core/enumerations.js";

/** An access token as stored, without its secret. */
export interface AccessTokenRecord {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: Date;
  /** Exact to a minute; null when it was never used. */
  readonly lastUsedAt: Date | null;
  /** Null while it is valid. */
  readonly revokedAt: Date | null;
}
