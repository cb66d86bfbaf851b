/** Returns the path to which the bytes of an upload are sent. */
export function uploadPath(uploadId: string): string {
  return `/uploads/${uploadId}`;
}
