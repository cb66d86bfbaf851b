/** Codes of system calls that found no room. */
const NO_ROOM: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);
/** Codes of system calls that had no permission to write. */
const NOT_WRITABLE: ReadonlySet<unknown> = new Set(["EROFS", "EACCES", "EPERM"]);
/** The same failures in messages of TensorFlow, which writes checkpoints itself. */
const NO_ROOM_WORDS = /No space left on device|Disk quota exceeded/;
const NOT_WRITABLE_WORDS = /Read-only file system|Permission denied/;

/** Whether an error, or one of its causes, is a lack of room on a disk. */
export function isLackOfRoom(error: unknown): boolean {
  return hasCause(error, NO_ROOM, NO_ROOM_WORDS);
}

/** Whether an error, or one of its causes, is a failure to write files, which is temporary. */
export function isDiskTrouble(error: unknown): boolean {
  return isLackOfRoom(error) || hasCause(error, NOT_WRITABLE, NOT_WRITABLE_WORDS);
}

function hasCause(error: unknown, codes: ReadonlySet<unknown>, words: RegExp): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (codes.has((cause as { readonly code?: unknown }).code) || words.test(cause.message)) return true;
  }
  return false;
}
