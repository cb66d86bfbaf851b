import type { IncomingMessage } from "node:http";
import type { RequestHandler } from "express";
import type { AccessTokens } from "../../access/access-tokens.js";
import { type Caller, hasRole } from "../../access/caller.js";
import type { Role } from "../../core/enumerations.js";
import { forbidden, HOW_TO_AUTHENTICATE, TOKEN_UNKNOWN } from "../errors/access-errors.js";
import { sendError } from "./json-errors.js";

const BEARER = /^Bearer +(\S+)$/i;

/** Identifies the caller of a request before anything else of it is read. */
export class Authentication {
  readonly #callers = new WeakMap<IncomingMessage, Caller>();

  constructor(private readonly accessTokens: AccessTokens) {}

  /** @param authorization value of the header, `Bearer esp_…` */
  async authenticate(authorization: unknown): Promise<Caller | null> {
    const secret = secretIn(authorization);
    return secret === undefined ? null : this.accessTokens.authenticate(secret);
  }

  /** Accepts callers with that role. Others get 401 or 403. */
  require(role: Role): RequestHandler {
    return async (request, response, next) => {
      const caller = await this.authenticate(request.headers.authorization);
      if (caller === null) {
        response.set("WWW-Authenticate", 'Bearer realm="espalier"');
        const received = hasToken(request.headers.authorization);
        sendError(response, "UNAUTHENTICATED", received ? TOKEN_UNKNOWN : HOW_TO_AUTHENTICATE);
      } else if (!hasRole(caller, role)) {
        sendError(response, "FORBIDDEN", forbidden(role, caller.role).message);
      } else {
        this.#callers.set(request, caller);
        next();
      }
    };
  }

  /** Returns the caller of a request that `require` accepted. */
  callerOf(request: IncomingMessage): Caller {
    const caller = this.#callers.get(request);
    if (caller === undefined) throw new Error("The route does not require a role, so its caller is unknown.");
    return caller;
  }
}

/** Whether the value of the header carries a token, valid or not. */
export function hasToken(authorization: unknown): boolean {
  return secretIn(authorization) !== undefined;
}

function secretIn(authorization: unknown): string | undefined {
  return typeof authorization === "string" ? BEARER.exec(authorization)?.[1] : undefined;
}
