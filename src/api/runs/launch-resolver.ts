import { Arg, Authorized, Mutation, Resolver } from "type-graphql";
import type { Role } from "../../core/enumerations.js";
import type { RunLauncher } from "../../training/lifecycle/launcher.js";
import { withUserErrors } from "../errors/with-user-errors.js";
import { LaunchRunInput, LaunchRunPayload } from "./mutations/launch-run.js";

@Resolver()
export class LaunchResolver {
  constructor(private readonly launcher: RunLauncher) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => LaunchRunPayload, {
    description:
      "Checks a configuration against the data and puts the run into the queue. Needs the role EDITOR.",
  })
  launchRun(
    @Arg("input", () => LaunchRunInput, { description: "What to train, and on what." }) input: LaunchRunInput,
  ): Promise<LaunchRunPayload> {
    return withUserErrors<Pick<LaunchRunPayload, "run">>({ run: null }, async () => ({
      run: await this.launcher.launch({
        experiment: input.experiment,
        dataset: input.dataset,
        name: input.name ?? null,
        configuration: input.configuration,
        priority: input.priority ?? 0,
        idempotencyKey: input.idempotencyKey ?? null,
      }),
    }));
  }
}
