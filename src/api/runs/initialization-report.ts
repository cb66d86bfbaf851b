import { Field, Float, Int, ObjectType } from "type-graphql";
import {
  MAX_REPORTED_NAMES,
  type InitializationReport as Report,
} from "../../core/runs/initialization-report.js";

@ObjectType({
  description: "A variable of the network that starts at random although the run has initial weights.",
})
export class RandomVariable {
  @Field(() => String, { description: 'Name of the variable, such as "predictions/kernel".' })
  variable!: string;

  @Field(() => String, { description: 'The reason, as the end of a sentence that begins with "because".' })
  reason!: string;
}

@ObjectType({ description: "How the classes of the last layer took their weights, by their names." })
export class InitialClasses {
  @Field(() => [String], {
    description:
      "Classes of the dataset whose weights are those of the source's class of the same name; the first " +
      `${MAX_REPORTED_NAMES}, in the order of the dataset.`,
  })
  copied!: readonly string[];

  @Field(() => Int, { description: "Number of all such classes." })
  copiedCount!: number;

  @Field(() => [String], {
    description: `Classes that the source does not have. Their weights start at random. The first ${MAX_REPORTED_NAMES}.`,
  })
  fresh!: readonly string[];

  @Field(() => Int, { description: "Number of all such classes." })
  freshCount!: number;
}

@ObjectType({
  description: "What a run took from the source of its initial weights, and what started at random.",
})
export class InitializationReport implements Report {
  @Field(() => String, {
    description: 'Where the weights come from: a model version such as "flowers:3", or a file.',
  })
  source!: string;

  @Field(() => String, {
    description:
      'The network that the weights look like: "VGG11 with batch normalization, width 0.25, prefix `module.`".',
  })
  looksLike!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'What the names in the file have before those of the network, such as "module."; null when nothing.',
  })
  prefix!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The keys that led to the weights in the file, such as "state_dict"; null when the file holds nothing else.',
  })
  container!: string | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Epsilon of the batch normalizations that was assumed or given, because the file does not state it; null when it " +
      "does, or when there are none.",
  })
  normalizationEpsilon!: number | null;

  @Field(() => [String], {
    description: "Variables that have the values of the source, in the order of the network.",
  })
  copied!: readonly string[];

  @Field(() => [RandomVariable], { description: "Variables that started at random, each with the reason." })
  random!: readonly RandomVariable[];

  @Field(() => [String], {
    description: `Tensors of the file that lie outside of the network and are not used; the first ${MAX_REPORTED_NAMES}.`,
  })
  ignored!: readonly string[];

  @Field(() => Int, { description: "Number of all such tensors." })
  ignoredCount!: number;

  @Field(() => InitialClasses, {
    nullable: true,
    description: "Null when the last layer started at random, or when the source does not name its classes.",
  })
  classes!: InitialClasses | null;
}
