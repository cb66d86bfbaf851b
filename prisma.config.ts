import { defineConfig } from "prisma/config";

// For Prisma's own commands against DATABASE_URL; Espalier applies its migrations itself, at its start.
export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  datasource: { url: process.env.DATABASE_URL ?? "" },
});
