import { Field, ObjectType, registerEnumType } from "type-graphql";
import type { UsageExample } from "../../exports/formats/format.js";

const UsageLanguage = {
  PYTHON: "PYTHON",
  JAVASCRIPT: "JAVASCRIPT",
} as const satisfies { readonly [Word in UsageExample["language"]]: Word };

registerEnumType(UsageLanguage, {
  name: "UsageLanguage",
  description: "The language of a usage example.",
  valuesConfig: {
    PYTHON: { description: "Python 3." },
    JAVASCRIPT: { description: "JavaScript for Node." },
  },
});

@ObjectType({ description: "A short program that classifies one image with an exported file." })
export class ExportUsage implements UsageExample {
  @Field(() => String, { description: 'The runtime that it uses, such as "ONNX Runtime".' })
  runtime!: string;

  @Field(() => UsageLanguage, { description: "Its language." })
  language!: UsageExample["language"];

  @Field(() => String, { description: "The command that installs what it imports." })
  install!: string;

  @Field(() => String, {
    description:
      "The program. Its arguments are the exported file and an image file; it prints the most probable label.",
  })
  code!: string;
}
