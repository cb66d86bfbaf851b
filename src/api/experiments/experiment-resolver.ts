import { Arg, Args, Authorized, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import type { Role } from "../../core/enumerations.js";
import type { ExperimentStore } from "../../training/record/experiment-store.js";
import type { ExperimentRecord, RunRecord } from "../../training/record/run-records.js";
import type { RunStore } from "../../training/record/run-store.js";
import { withUserErrors } from "../errors/with-user-errors.js";
import { type Connection, toConnection } from "../relay/connection.js";
import { PageArguments, pageRequest } from "../relay/page-arguments.js";
import { RunConnection } from "../runs/run.js";
import { RunFilterInput } from "../runs/run-filter.js";
import { RunOrderInput, runOrder } from "../runs/run-order.js";
import { Experiment, ExperimentConnection } from "./experiment.js";
import { CreateExperimentInput, CreateExperimentPayload } from "./mutations/create-experiment.js";
import { UpdateExperimentInput, UpdateExperimentPayload } from "./mutations/update-experiment.js";

@Resolver(() => Experiment)
export class ExperimentResolver {
  constructor(
    private readonly experimentStore: ExperimentStore,
    private readonly runStore: RunStore,
  ) {}

  @Authorized<Role>("VIEWER")
  @Query(() => Experiment, {
    nullable: true,
    description: "The experiment of that name; null when there is none.",
  })
  experiment(
    @Arg("name", () => String, { description: 'Its whole name, such as "flowers".' }) name: string,
  ): Promise<ExperimentRecord | null> {
    return this.experimentStore.findByName(name);
  }

  @Authorized<Role>("VIEWER")
  @Query(() => ExperimentConnection, { description: "All experiments, newest first." })
  async experiments(@Args(() => PageArguments) page: PageArguments): Promise<Connection<ExperimentRecord>> {
    return toConnection(await this.experimentStore.list(pageRequest(page)));
  }

  @Authorized<Role>("EDITOR")
  @Mutation(() => CreateExperimentPayload, {
    description:
      "Makes an experiment; launching a run into a new name does so as well. Needs the role EDITOR.",
  })
  createExperiment(
    @Arg("input", () => CreateExperimentInput, { description: "Name, description and limit." })
    input: CreateExperimentInput,
  ): Promise<CreateExperimentPayload> {
    return withUserErrors<Pick<CreateExperimentPayload, "experiment">>({ experiment: null }, async () => ({
      experiment: await this.experimentStore.create({
        name: input.name,
        description: input.description ?? "",
        maxActiveRuns: input.maxActiveRuns ?? null,
        idempotencyKey: input.idempotencyKey ?? null,
      }),
    }));
  }

  @Authorized<Role>("EDITOR")
  @Mutation(() => UpdateExperimentPayload, {
    description:
      "Changes what an experiment says about itself, and how many of its runs may be at work at once. A lower limit stops " +
      "none; a higher one lets waiting runs go at once. Needs the role EDITOR.",
  })
  updateExperiment(
    @Arg("input", () => UpdateExperimentInput, { description: "Which experiment, and what to change." })
    { experiment, description, maxActiveRuns }: UpdateExperimentInput,
  ): Promise<UpdateExperimentPayload> {
    return withUserErrors<Pick<UpdateExperimentPayload, "experiment">>({ experiment: null }, async () => ({
      experiment: await this.experimentStore.update(experiment, {
        description: description ?? undefined,
        maxActiveRuns,
      }),
    }));
  }

  @FieldResolver(() => RunConnection, {
    description: "Its runs, newest first unless `orderBy` says otherwise.",
  })
  async runs(
    @Root() experiment: ExperimentRecord,
    @Arg("filter", () => RunFilterInput, {
      nullable: true,
      description: "Which of its runs; null means all. Its own `experiment` is not needed.",
    })
    filter: RunFilterInput | null | undefined,
    @Arg("orderBy", () => RunOrderInput, {
      nullable: true,
      description: "In which order; null: newest first.",
    })
    orderBy: RunOrderInput | null | undefined,
    @Args(() => PageArguments) page: PageArguments,
  ): Promise<Connection<RunRecord>> {
    if (filter?.experiment != null && filter.experiment !== experiment.name) {
      return toConnection({ items: [], hasNextPage: false });
    }
    return toConnection(
      await this.runStore.list({
        filter: { ...filter, experiment: experiment.name },
        order: runOrder(orderBy),
        page: pageRequest(page),
      }),
    );
  }
}
