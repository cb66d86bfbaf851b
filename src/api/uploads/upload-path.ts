/** Path that an upload's bytes are sent to. */
export function uploadPath(uploadId: string): string {
  return `/uploads/${uploadId}`;
}
