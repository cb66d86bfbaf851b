import { Field, Float, ID, Int } from "type-graphql";
import type { Scalar } from "../../core/settings/setting.js";
import { SETTING_ENUMERATIONS } from "./enumerations.js";

/** A class that type-graphql makes a GraphQL type of. */
export type TypeClass<T = object> = new () => T;

export interface FieldOptions {
  /** A GraphQL type, as `@Field` takes it; a list holds the type of its items. */
  readonly type: object;
  readonly description: string;
  readonly nullable: boolean;
  readonly defaultValue?: unknown;
}

/** Adds a field to a type, as the decorator `@Field` does. */
export function addField(target: TypeClass, name: string, { type, ...options }: FieldOptions): void {
  Field(() => type, options)(target.prototype, name);
}

/** The GraphQL type of a scalar setting's values. */
export function scalarType(setting: Scalar): object {
  switch (setting.kind) {
    case "number":
      return Float;
    case "wholeNumber":
      return Int;
    case "numbers":
      return [Float];
    case "wholeNumbers":
      return [Int];
    case "flag":
      return Boolean;
    case "text":
      return String;
    case "reference":
      return ID;
    case "word": {
      const enumeration = SETTING_ENUMERATIONS.get(setting.words);
      if (enumeration === undefined) throw new Error(`${setting.words.name} is no enumeration of the API.`);
      return enumeration;
    }
  }
}
