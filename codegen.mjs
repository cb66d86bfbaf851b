/** How GraphQL Code Generator makes the types of the API client: one per document, and those of its variables. */
import { findClientDocuments, GENERATED_FOLDER } from "./launcher/client-documents.mjs";

/** @type {import("@graphql-codegen/cli").CodegenConfig} */
export default {
  schema: "schema.graphql",
  documents: findClientDocuments(import.meta.dirname).map(({ file }) => file),
  emitLegacyCommonJSImports: false,
  generates: {
    [`${GENERATED_FOLDER}/`]: {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        // A scalar that is missing here is an error, never `any`.
        strictScalars: true,
        scalars: { ID: "string", DateTime: "string", SafeInt: "number" },
        enumsAsTypes: true,
        useTypeImports: true,
        immutableTypes: true,
        arrayInputCoercion: false,
        // Only where a document selects it.
        skipTypename: true,
      },
    },
  },
};
