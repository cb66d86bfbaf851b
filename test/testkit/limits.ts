/** The limits that the files of `brokenFiles` exceed. */
export const SMALL_LIMITS = { imageBytes: 100_000, imagePixels: 10_000 };
