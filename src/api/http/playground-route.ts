import { existsSync } from "node:fs";
import path from "node:path";
import express, { Router } from "express";
import { AppError } from "../../core/app-error.js";
import { playgroundHeaders } from "./security-headers.js";

/**
 * Serves the playground at /playground/ and redirects / to it. Its files are static and need no token; its users enter
 * theirs.
 *
 * @param folder the web build, `dist/web`
 */
export function playgroundRoute(folder: string): Router {
  const router = Router();
  router.get("/", (_request, response) => response.redirect("/playground/"));
  router.use("/playground", playgroundHeaders);
  // Files under assets/ have a hash of their content in their names.
  router.use(
    "/playground/assets",
    express.static(path.join(folder, "assets"), { immutable: true, maxAge: "1y", index: false }),
  );
  router.use("/playground", express.static(folder, { cacheControl: false, setHeaders: revalidate }));
  router.use("/playground", (_request, _response, next) => {
    if (existsSync(path.join(folder, "index.html"))) {
      next();
      return;
    }
    throw new AppError(
      "PLAYGROUND_NOT_BUILT",
      "The playground has not been built. Run `npm start`, or `npx vite build src/web`. The API itself is at " +
        "/graphql.",
    );
  });
  return router;
}

function revalidate(response: { setHeader(name: string, value: string): void }): void {
  response.setHeader("Cache-Control", "no-cache");
}
