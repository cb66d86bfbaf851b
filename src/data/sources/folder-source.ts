import { constants, type Dirent } from "node:fs";
import { open, readdir, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../../core/app-error.js";
import type { Limits } from "../../core/config.js";
import { systemCodeOf } from "../../lang/system-errors.js";
import { tooManyBytes } from "../images/decoder.js";
import { type ImportSource, isJunk, type SourceFile } from "./import-source.js";

/** A folder that may be imported. Both paths contain no links. */
export interface AllowedFolder {
  readonly folder: string;
  /** The import root that contains it. */
  readonly root: string;
}

/**
 * Resolves the folder of an import, absolute or below an import root.
 *
 * @throws AppError `FOLDER_NOT_ALLOWED` when it is not below an import root after links are resolved, and also when it
 *   does not exist, so that the error tells nothing about other folders of the machine
 */
export async function resolveImportFolder(
  folder: string,
  importRoots: readonly string[],
): Promise<AllowedFolder> {
  for (const configured of importRoots) {
    const root = await realpath(configured).catch(() => null);
    if (root === null || folder.includes("\0")) continue;
    const resolved = await realpath(path.resolve(root, folder)).catch(() => null);
    if (resolved === null || !isInside(resolved, root)) continue;
    if ((await stat(resolved)).isDirectory()) return { folder: resolved, root };
  }
  throw new AppError(
    "FOLDER_NOT_ALLOWED",
    `An import may read only existing folders below ESPALIER_IMPORT_ROOTS` +
      `${importRoots.length === 0 ? ", which is empty" : ""}. Received ${JSON.stringify(folder.slice(0, 200))}. ` +
      "Upload an archive, or start the server with a root that contains the folder.",
    { path: ["source", "folder"] },
  );
}

interface FoundFile {
  readonly name: string;
  /** Contains no links. */
  readonly file: string;
}

/**
 * Opens a folder for import. Links are followed as long as they stay below the import root.
 *
 * @throws AppError `FOLDER_NOT_ALLOWED` for a link that points outside of it, `SOURCE_UNREADABLE`, `SOURCE_TOO_LARGE`
 */
export async function openFolder(allowed: AllowedFolder, limits: Limits): Promise<ImportSource> {
  const found: FoundFile[] = [];
  await walk(allowed.folder, "", allowed.root, [allowed.folder], (file) => {
    found.push(file);
    if (found.length > limits.archiveEntries) {
      throw new AppError("SOURCE_TOO_LARGE", `An import may have at most ${limits.archiveEntries} files.`);
    }
  });
  return {
    filesTotal: found.length,
    async *files() {
      for (const file of found) yield await openFile(file, limits.imageBytes);
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** @param ancestors real paths of the folders above, so that a link to one of them does not cause a loop */
async function walk(
  folder: string,
  prefix: string,
  root: string,
  ancestors: readonly string[],
  add: (file: FoundFile) => void,
): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw unreadable(prefix === "" ? "." : prefix, cause);
  });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (isJunk(entry.name)) continue;
    const name = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    const target = await resolveEntry(path.join(folder, entry.name), name, entry, root);
    if (target.kind === "file") add({ name, file: target.path });
    if (target.kind === "folder" && !ancestors.includes(target.path)) {
      await walk(target.path, name, root, [...ancestors, target.path], add);
    }
  }
}

type Target = { readonly kind: "file" | "folder" | "other"; readonly path: string };

async function resolveEntry(file: string, name: string, entry: Dirent, root: string): Promise<Target> {
  if (!entry.isSymbolicLink()) return { kind: kindOf(entry), path: file };
  const resolved = await realpath(file).catch((cause: unknown) => {
    throw unreadable(name, cause);
  });
  if (!isInside(resolved, root)) {
    throw new AppError(
      "FOLDER_NOT_ALLOWED",
      `The link ${JSON.stringify(name)} points outside of the import root. Remove it.`,
    );
  }
  return { kind: kindOf(await stat(resolved)), path: resolved };
}

/** Pipes, sockets and devices are not part of a dataset, and reading one may never end. */
function kindOf(entry: { isFile(): boolean; isDirectory(): boolean }): Target["kind"] {
  if (entry.isFile()) return "file";
  return entry.isDirectory() ? "folder" : "other";
}

async function openFile({ name, file }: FoundFile, limitBytes: number): Promise<SourceFile> {
  const { size } = await stat(file).catch((cause: unknown) => {
    throw unreadable(name, cause);
  });
  return {
    name,
    sizeBytes: size,
    async read() {
      if (size > limitBytes) throw tooManyBytes(size, limitBytes);
      try {
        // Refuses a link that replaced the file after the walk.
        await using handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
        return await handle.readFile();
      } catch (cause) {
        throw unreadable(name, cause);
      }
    },
  };
}

function unreadable(name: string, cause: unknown): AppError {
  const code = systemCodeOf(cause) ?? String(cause);
  return new AppError(
    "SOURCE_UNREADABLE",
    `${JSON.stringify(name)} in the folder cannot be read (${code}).`,
    { cause },
  );
}

function isInside(target: string, root: string): boolean {
  const relative = path.relative(root, target);
  return (
    relative === "" ||
    (relative !== ".." && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative))
  );
}
