import type { Role } from "../core/enumerations.js";

/** Who is asking, as proved by an access token. */
export interface Caller {
  readonly tokenId: string;
  readonly role: Role;
}

/** What each role includes. */
const INCLUDED: Record<Role, readonly Role[]> = {
  VIEWER: ["VIEWER"],
  EDITOR: ["VIEWER", "EDITOR"],
  ADMIN: ["VIEWER", "EDITOR", "ADMIN"],
};

/** Whether a caller may do what needs `role`. */
export function hasRole(caller: Caller, role: Role): boolean {
  return INCLUDED[caller.role].includes(role);
}
