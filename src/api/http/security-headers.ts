import type { RequestHandler } from "express";

/** Headers of responses that are data: browsers may not run, frame or sniff them. */
const DATA_HEADERS = {
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

/**
 * Permits what the files of the playground need: their scripts and workers, the inline styles of the editor, and fonts and
 * icons inside the style sheet. Nothing from other origins.
 */
const PLAYGROUND_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set(DATA_HEADERS);
  next();
};

export const playgroundHeaders: RequestHandler = (_request, response, next) => {
  response.set("Content-Security-Policy", PLAYGROUND_POLICY);
  next();
};
