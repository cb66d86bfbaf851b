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
 * Returns why a request from a foreign web page is refused, or null. It prevents two attacks:
 *
 * - DNS rebinding: the host name of a page is made to resolve to this machine. A server that listens on loopback
 *   therefore accepts loopback names only.
 * - Requests of another origin, which browsers name in the header `Origin`.
 */
export function refusalOf(request: IncomingMessage, listensOnLoopback: boolean): Refusal | null {
  const { host, origin } = request.headers;
  if (listensOnLoopback && !isLoopback(hostnameOf(host))) {
    return {
      code: "HOST_NOT_ALLOWED",
      message:
        "This server listens on loopback and accepts only the host names localhost, 127.0.0.1 and [::1]. Set " +
        "ESPALIER_HOST to reach it under another name.",
    };
  }
  if (origin !== undefined && hostOf(origin) !== host?.toLowerCase()) {
    return { code: "ORIGIN_NOT_ALLOWED", message: "Web pages of other origins may not use this server." };
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

/** Returns whether a host name can only mean this machine. */
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
