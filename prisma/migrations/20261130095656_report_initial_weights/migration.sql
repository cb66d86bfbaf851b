-- AlterTable
ALTER TABLE "run" ADD COLUMN     "initialization" JSONB;
