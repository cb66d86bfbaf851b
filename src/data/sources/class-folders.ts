/** The class folders of an import, found from the paths of its images. */
export interface ClassFolders {
  /** The class of an image by its path; null when the image is outside of the class folders. */
  classOf(name: string): string | null;
}

/**
 * Finds the folders of the classes, at the root or inside a folder that wraps them all: `daisy/1.jpg` or
 * `flowers/daisy/1.jpg`. A folder is a wrapper when it is the only one at its level and contains folders. Folders
 * inside a class folder belong to its class.
 *
 * @param names paths of the images alone, with forward slashes
 */
export function findClassFolders(names: Iterable<string>): ClassFolders {
  const folders = Array.from(names, foldersOf);
  let depth = 0;
  while (isWrapped(folders, depth)) depth++;
  return { classOf: (name) => foldersOf(name)[depth] ?? null };
}

/** The folders of a path. Normalized to one Unicode form, since systems encode accents in different forms. */
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
