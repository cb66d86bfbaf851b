import { mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { replaceFolder } from "../../engine/durable-folder.js";
import { whenMissing } from "../../lang/system-errors.js";

/** Files of a process that has just been killed may still appear. */
const REMOVAL = { recursive: true, force: true, maxRetries: 5 } as const;

/** The files of exports: a folder for each export that has one, named after its id. */
export class ExportFiles {
  constructor(private readonly folder: string) {}

  /** The folder of a finished export. */
  folderOf(exportId: string): string {
    return path.join(this.folder, exportId);
  }

  /** Creates the folders of an attempt. Disposing removes what was not kept. */
  async begin(exportId: string): Promise<AttemptFiles> {
    await mkdir(this.folder, { recursive: true });
    const name = `${exportId}.${crypto.randomUUID()}`;
    const files = new AttemptFiles(
      path.join(this.folder, `${name}.partial`),
      path.join(this.folder, `${name}.work`),
      this.folderOf(exportId),
    );
    await Promise.all([mkdir(files.fileFolder), mkdir(files.workFolder)]);
    return files;
  }

  /** The ids of the exports that have files, and whether there are others than those of a finished export. */
  async list(): Promise<ReadonlyMap<string, { readonly hasUnfinished: boolean }>> {
    const names = await readdir(this.folder).catch(whenMissing([]));
    const byId = Map.groupBy(names, exportIdIn);
    return new Map(
      Array.from(byId, ([id, ofExport]) => [id, { hasUnfinished: ofExport.some((name) => name !== id) }]),
    );
  }

  /** Removes all files of an export, or only those that are not finished. */
  async remove(exportId: string, kept: "nothing" | "finished"): Promise<void> {
    const names = await readdir(this.folder).catch(whenMissing([]));
    for (const name of names) {
      if (exportIdIn(name) !== exportId || (name === exportId && kept === "finished")) continue;
      await rm(path.join(this.folder, name), REMOVAL);
    }
  }
}

/** The folders of one attempt at an export. */
export class AttemptFiles implements AsyncDisposable {
  constructor(
    /** For the file alone. */
    readonly fileFolder: string,
    /** For everything else. */
    readonly workFolder: string,
    private readonly finished: string,
  ) {}

  /** Moves the file to its place, where it is safe from a crash, and removes everything else. */
  async keep(): Promise<void> {
    await rm(this.workFolder, REMOVAL);
    await replaceFolder(this.fileFolder, this.finished);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([rm(this.fileFolder, REMOVAL), rm(this.workFolder, REMOVAL)]);
  }
}

/** Folders are named "<id>", "<id>.<random>.partial" and so on; `replaceFolder` begins some with ".old-". */
function exportIdIn(name: string): string {
  return name.replace(/^\.old-/, "").split(".")[0] ?? name;
}
