/** Where the classes of an import lie, found from the paths of its pictures. */
export interface ClassFolders {
  /** The class of a picture, by its path; null when it lies beside the class folders. */
  classOf(name: string): string | null;
}

/**
 * One folder per class, at the root or below folders that wrap everything: `daisy/1.jpg` or
 * `flowers/daisy/1.jpg`. A folder is a wrapper when it is the only one at its level and holds folders
 * itself. Folders inside a class folder belong to its class.
 *
 * @param names paths of the pictures, with forward slashes; files that are no pictures have no say
 */
export function findClassFolders(names: Iterable<string>): ClassFolders {
  const folders = Array.from(names, foldersOf);
  let depth = 0;
  while (isWrapped(folders, depth)) depth++;
  return { classOf: (name) => foldersOf(name)[depth] ?? null };
}

/** Without the file's own name; in one Unicode form, since systems write accents in different ones. */
function foldersOf(name: string): string[] {
  return name
    .normalize("NFC")
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .slice(0, -1);
}

function isWrapped(folders: readonly string[][], depth: number): boolean {
  const here = new Set<string>();
  let holdsFolders = false;
  for (const parts of folders) {
    const folder = parts[depth];
    if (folder === undefined) continue;
    here.add(folder);
    if (here.size > 1) return false;
    holdsFolders ||= parts.length > depth + 1;
  }
  return holdsFolders;
}
