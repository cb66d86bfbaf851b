import { GraphQLError } from "graphql";
import type { Role } from "../../core/enumerations.js";

export const HOW_TO_AUTHENTICATE =
  "This server needs an access token. Send it as `Authorization: Bearer esp_…`, or over WebSocket as " +
  '`authorization: "Bearer esp_…"` in the payload of connection_init. The first start wrote an ADMIN token ' +
  "to the file admin-token in the server's home folder; more are made with createAccessToken.";

/** The same in the 123 bytes that a WebSocket's close reason has. */
export const SOCKET_NEEDS_TOKEN =
  'An access token is needed: {"authorization": "Bearer esp_…"} in connection_init.';
export const SOCKET_TOKEN_REVOKED = "The access token was revoked.";

/** No token, or one that does not work (any more). */
export function unauthenticated(): GraphQLError {
  return new GraphQLError(HOW_TO_AUTHENTICATE, { extensions: { code: "UNAUTHENTICATED" } });
}

/** A good token that does not allow this. */
export function forbidden(needed: Role, has: Role): GraphQLError {
  return new GraphQLError(`This needs a token with the role ${needed}. Yours has the role ${has}.`, {
    extensions: { code: "FORBIDDEN" },
  });
}
