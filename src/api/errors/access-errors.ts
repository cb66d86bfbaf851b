import type { GraphQLError } from "graphql";
import type { Role } from "../../core/enumerations.js";
import { codedError } from "./coded-error.js";

export const HOW_TO_AUTHENTICATE =
  "This server needs an access token. Send it as `Authorization: Bearer esp_…`, or over WebSocket as " +
  '`authorization: "Bearer esp_…"` in the payload of connection_init. The first start wrote an ADMIN token ' +
  "to the file admin-token in the server's home folder; createAccessToken creates more.";

export const TOKEN_UNKNOWN =
  "The access token of this request is unknown or revoked. Send a valid one: the first start wrote an ADMIN token to " +
  "the file admin-token in the server's home folder; createAccessToken creates more.";

/** `HOW_TO_AUTHENTICATE` within the 123 bytes of the close reason of a WebSocket. */
export const SOCKET_NEEDS_TOKEN =
  'An access token is needed: {"authorization": "Bearer esp_…"} in connection_init.';
export const SOCKET_TOKEN_UNKNOWN = "The access token of this connection is unknown or revoked.";
export const SOCKET_TOKEN_REVOKED = "The access token was revoked.";

/** Creates the error for a valid token whose role does not allow the request. */
export function forbidden(needed: Role, has: Role): GraphQLError {
  return codedError("FORBIDDEN", `This needs a token with the role ${needed}. Yours has the role ${has}.`);
}
