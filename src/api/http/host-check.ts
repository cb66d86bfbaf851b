import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { RequestHandler } from "express";
import type { ErrorCode } from "../../core/error-codes.js";
import { sendError } from "./json-errors.js";

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * Why a request comes from a page that has no business here, or null. Two ways are closed:
 *
 * - DNS rebinding: a page's own host name is made to point at this machine. A server that listens on
 *   loopback therefore answers to loopback names only.
 * - A page of another origin: browsers send `Origin` with it, and it is not this server's.
 */
export function refusalOf(request: IncomingMessage, listensOnLoopback: boolean): Refusal | null {
  const { host, origin } = request.headers;
  if (listensOnLoopback && !isLoopback(hostnameOf(host))) {
    return {
      code: "HOST_NOT_ALLOWED",
      message:
        "This server listens on loopback and answers to localhost, 127.0.0.1 and [::1] only. To reach it by " +
        "another name, have it listen there: ESPALIER_HOST.",
    };
  }
  if (origin !== undefined && hostOf(origin) !== host?.toLowerCase()) {
    return { code: "ORIGIN_NOT_ALLOWED", message: "Pages of other origins may not use this server." };
  }
  return null;
}

export function hostCheck(listensOnLoopback: boolean): RequestHandler {
  return (request, response, next) => {
    const refusal = refusalOf(request, listensOnLoopback);
    if (refusal === null) next();
    else sendError(response, refusal.code, refusal.message);
  };
}

/** Whether a host name can only mean this machine. */
export function isLoopback(hostname: string | null): boolean {
  if (hostname === null) return false;
  if (hostname === "localhost" || hostname === "::1" || hostname === "[::1]") return true;
  return isIP(hostname) === 4 && hostname.startsWith("127.");
}

function hostnameOf(host: string | undefined): string | null {
  return host === undefined || !URL.canParse(`http://${host}`) ? null : new URL(`http://${host}`).hostname;
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
