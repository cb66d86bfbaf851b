import type { Prisma } from "./generated/client.js";

/** A value for a Json column of Prisma Client, whose own type for it refuses interfaces. NaN becomes null in it. */
export function prismaJson(value: object): Prisma.InputJsonValue {
  return { toJSON: () => value };
}
