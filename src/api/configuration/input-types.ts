import { InputType } from "type-graphql";
import {
  type Choice,
  type Decided,
  fixedDefaultOf,
  type Group,
  isRecordedOnly,
  isRequired,
  isScalar,
  type Setting,
} from "../../core/settings/setting.js";
import { describeGiven, describeOption } from "../../core/settings/wording.js";
import { addField, scalarType, type TypeClass } from "./setting-field.js";

/** Makes the GraphQL input types of settings, each once. */
export class InputTypes {
  readonly #types = new Map<string, TypeClass>();
  /** Names of inputs of which exactly one field must be given. */
  readonly oneOf = new Set<string>();

  ofGroup({ name, description, settings }: Pick<Group, "name" | "description" | "settings">): TypeClass {
    return this.#provide(name, description, (type) => {
      for (const [field, setting] of Object.entries(settings)) this.#addSetting(type, field, setting);
    });
  }

  #addSetting(type: TypeClass, field: string, setting: Setting): void {
    if (isRecordedOnly(setting)) return;
    addField(type, field, {
      type: this.#typeOf(setting),
      description: describeGiven(setting),
      nullable: !isRequired(setting),
      defaultValue: isScalar(setting) ? fixedDefaultOf(setting) : undefined,
    });
  }

  #typeOf(setting: Setting): object {
    switch (setting.kind) {
      case "group":
        return this.ofGroup(setting);
      case "choice":
        return this.#ofChoice(setting);
      case "decided":
        return this.#ofDecided(setting);
      default:
        return scalarType(setting);
    }
  }

  #ofChoice({ name, description, options }: Choice): TypeClass {
    return this.#provideOneOf(name, description, (type) => {
      for (const [field, option] of Object.entries(options)) {
        addField(type, field, {
          type: this.ofGroup({ ...option, description: option.about ?? option.description }),
          description: describeOption(option),
          nullable: true,
        });
      }
    });
  }

  #ofDecided({ name, description, given }: Decided): TypeClass {
    return this.#provideOneOf(name, description, (type) => {
      for (const [field, setting] of Object.entries(given)) {
        addField(type, field, {
          type: scalarType(setting),
          description: describeGiven(setting),
          nullable: true,
        });
      }
    });
  }

  #provideOneOf(name: string, description: string, fill: (type: TypeClass) => void): TypeClass {
    const text = `${description} Exactly one of the fields.`;
    this.oneOf.add(inputName(name));
    return this.#provide(name, text, fill);
  }

  #provide(name: string, description: string, fill: (type: TypeClass) => void): TypeClass {
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    const type = class {};
    InputType(inputName(name), { description })(type);
    this.#types.set(name, type);
    fill(type);
    return type;
  }
}

function inputName(name: string): string {
  return `${name}Input`;
}
