/**
 * Whether the value of `If-None-Match` names this entity tag: RFC 9110, section 13.1.2. Express would also obey `no-cache`,
 * which clients add for the caches on the way.
 */
export function hasEntityTag(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(",").map((tag) => tag.trim().replace(/^W\//, "")) ?? [];
  return tags.includes(etag) || tags.includes("*");
}
