/**
 * A program in the place of that of an export. It does what `identity.description` of its job says, so that tests see how
 * the server takes every end of a process.
 */
import { createHash } from "node:crypto";
import { existsSync, watch } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { ExportJob } from "../../../src/exports/attempt/job.js";
import type { ExportMessage } from "../../../src/exports/attempt/messages.js";

const CONTENT = Buffer.from("the content of an exported file");

process.once("disconnect", () => process.exit(1));
process.once("message", (message: { readonly job: ExportJob }) => void act(message.job));

function send(message: ExportMessage | object): void {
  process.send?.(message);
}

async function act(job: ExportJob): Promise<void> {
  const [action = "", argument = ""] = job.identity.description.split(" ");
  send({ kind: "progress", stage: "WRITING", imagesDone: 0, imagesTotal: 0 });
  switch (action) {
    case "crash":
      process.kill(process.pid, argument);
      return;
    case "exit":
      process.exit(Number(argument));
      return;
    case "fault":
      send({ kind: "fault", explanation: "Error: a secret path" });
      return;
    case "failure":
      send({ kind: "failure", code: argument, message: "The runtime is not there." });
      return;
    case "nonsense":
      send({ kind: "outcome", outcome: { sizeBytes: "many" } });
      return;
    case "hang":
      return;
    case "wait":
      await fileAppears(argument);
  }
  await writeFile(job.file, CONTENT);
  await writeFile(path.join(job.workFolder, "scratch"), "x");
  const total = job.proof.images.length;
  send({ kind: "progress", stage: "PROVING", imagesDone: total, imagesTotal: total });
  const proof =
    total === 0
      ? { status: "NOT_PROVEN", reason: "There are no images." }
      : {
          status: "PROVEN",
          runtime: "A runtime",
          runtimeVersion: "1.2.3",
          split: job.proof.split,
          imageCount: total,
          maximumProbabilityDifference: 1e-6,
          maximumLogitDifference: null,
          top1Agreement: 1,
          accuracy: 0.75,
          originalAccuracy: 0.75,
          millisecondsPerImage: 2,
          originalMillisecondsPerImage: 3,
        };
  const sha256 = createHash("sha256").update(CONTENT).digest("hex");
  send({ kind: "outcome", outcome: { sizeBytes: CONTENT.length, sha256, writingSeconds: 0.5, proof } });
}

/** Waits until a file exists, which may already be the case. */
async function fileAppears(file: string): Promise<void> {
  const appeared = Promise.withResolvers<void>();
  const watcher = watch(path.dirname(file), () => {
    if (existsSync(file)) appeared.resolve();
  });
  // Watched first, so that a file which appears in between is seen.
  if (!existsSync(file)) await appeared.promise;
  watcher.close();
}
