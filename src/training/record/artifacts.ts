import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../../core/app-error.js";
import { kindOfId } from "../../core/ids.js";
import type { BlobStore } from "../../data/blobs/blob-store.js";
import { hasSystemCode } from "../../lang/system-errors.js";
import type { ArtifactRecord, ArtifactStore } from "./artifact-store.js";

const ARTIFACT_NAME = /^[\w.-]+$/;

/** An open artifact. It ends after `sizeBytes`, even when the file is longer. */
export interface OpenArtifact extends ArtifactRecord {
  readonly file: FileHandle;
}

/** Finds the files of artifacts: blobs, and files in the folders of runs. */
export class Artifacts {
  constructor(
    private readonly store: ArtifactStore,
    private readonly blobs: BlobStore,
    /** Folder with the folders of all runs. */
    private readonly runsFolder: string,
  ) {}

  /**
   * The caller closes the file.
   *
   * @throws AppError `ARTIFACT_NOT_FOUND`
   */
  async open(runId: string, name: string): Promise<OpenArtifact> {
    // Postgres refuses some texts that a path may contain, and no artifact has such a name.
    const possible = kindOfId(runId) === "run" && ARTIFACT_NAME.test(name);
    const artifact = possible ? await this.store.find(runId, name) : null;
    if (artifact === null)
      throw notFound(`The run ${JSON.stringify(runId)} has no artifact ${JSON.stringify(name)}.`);
    const { file: inFolder, ...record } = artifact;
    const location =
      inFolder === null
        ? await this.blobs.localFile(record.sha256)
        : path.join(this.runsFolder, runId, inFolder);
    try {
      return { ...record, file: await open(location, "r") };
    } catch (cause) {
      if (!hasSystemCode(cause, "ENOENT")) throw cause;
      throw notFound(
        `The file of the artifact ${JSON.stringify(name)} of the run ${JSON.stringify(runId)} is gone. Ask again: a ` +
          "newer file may have replaced it.",
        cause,
      );
    }
  }
}

function notFound(message: string, cause?: unknown): AppError {
  return new AppError("ARTIFACT_NOT_FOUND", message, { cause });
}
