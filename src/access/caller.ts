import type { Role } from "../core/enumerations.js";

/** The owner of the access token of a request. */
export interface Caller {
  readonly tokenId: string;
  readonly role: Role;
}

/** The roles that each role includes. */
const INCLUDED: Record<Role, readonly Role[]> = {
  VIEWER: ["VIEWER"],
  EDITOR: ["VIEWER", "EDITOR"],
  ADMIN: ["VIEWER", "EDITOR", "ADMIN"],
};

/** Whether a caller has the permissions of `role`. */
export function hasRole(caller: Caller, role: Role): boolean {
  return INCLUDED[caller.role].includes(role);
}
