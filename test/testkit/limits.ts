/** The limits that `brokenFiles` is made for. */
export const SMALL_LIMITS = { imageBytes: 100_000, imagePixels: 10_000 };
