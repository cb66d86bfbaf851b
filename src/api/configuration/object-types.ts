import { ObjectType } from "type-graphql";
import {
  isVariants,
  mergeKinds,
  type SettingsByKind,
  settingsByKind,
} from "../../core/settings/recorded-paths.js";
import {
  type Choice,
  type Decided,
  type Group,
  isNullWhenRecorded,
  type Setting,
} from "../../core/settings/setting.js";
import { describeRecorded, inWords } from "../../core/settings/wording.js";
import { addField, scalarType, type TypeClass } from "./setting-field.js";

/** Makes the GraphQL object types of recorded settings, each once. */
export class ObjectTypes {
  readonly #types = new Map<string, TypeClass>();

  of(setting: Group | Choice | Decided): TypeClass {
    const known = this.#types.get(setting.name);
    if (known !== undefined) return known;
    const type = class {};
    ObjectType(setting.name, { description: setting.description })(type);
    this.#types.set(setting.name, type);
    if (setting.kind === "group") this.#addSettings(type, setting.settings);
    else if (setting.kind === "choice") this.#addKinds(type, settingsByKind(setting));
    else if (isVariants(setting.recorded)) this.#addKinds(type, settingsByKind(setting.recorded));
    else this.#addSettings(type, setting.recorded);
    return type;
  }

  #addSettings(type: TypeClass, settings: Readonly<Record<string, Setting>>): void {
    for (const [name, setting] of Object.entries(settings)) {
      addField(type, name, {
        type: this.#typeOf(setting),
        description: describeRecorded(setting),
        nullable: isNullWhenRecorded(setting),
      });
    }
  }

  #addKinds(type: TypeClass, byKind: SettingsByKind): void {
    const kinds = Object.keys(byKind).map((kind) => `"${kind}"`);
    addField(type, "kind", { type: String, description: `One of ${inWords(kinds)}.`, nullable: false });
    for (const [name, { setting, kinds }] of mergeKinds(byKind)) {
      // The object that a reference names is a field with its own resolver.
      if (setting.kind === "reference") continue;
      addField(type, name, {
        type: this.#typeOf(setting),
        description: describeRecorded(setting, kinds),
        nullable: kinds !== null || isNullWhenRecorded(setting),
      });
    }
  }

  #typeOf(setting: Setting): object {
    switch (setting.kind) {
      case "group":
      case "choice":
      case "decided":
        return this.of(setting);
      default:
        return scalarType(setting);
    }
  }
}
