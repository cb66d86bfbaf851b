import type { Choice, Decided, Group, Option, Variants } from "./setting.js";

/** Writes an object type out, so that tools show its fields and not how they were derived. */
type Plain<T> = T extends infer O ? { readonly [Field in keyof O]: O[Field] } : never;

type ScalarValue<S> = S extends { readonly kind: "number" | "wholeNumber" }
  ? number
  : S extends { readonly kind: "flag" }
    ? boolean
    : S extends { readonly kind: "word"; readonly words: { readonly meanings: infer Meanings } }
      ? keyof Meanings
      : S extends { readonly kind: "numbers" | "wholeNumbers" }
        ? readonly number[]
        : string;

type NullOf<S> = S extends { readonly whenNull: string } ? null : never;

/** The value of a setting in the configuration of a run, where every default is filled in. */
export type Recorded<S> = S extends Group
  ? Plain<RecordedFields<S["settings"]>> | NullOf<S>
  : S extends Choice
    ? { [Kind in keyof S["options"]]: Plain<RecordedOption<Kind, S["options"][Kind]>> }[keyof S["options"]]
    : S extends Decided
      ?
          | (S["recorded"] extends Variants
              ? RecordedVariants<S["recorded"]["variants"]>
              : Plain<RecordedFields<S["recorded"]>>)
          | (S["undecided"] extends null ? null : never)
      : ScalarValue<S> | NullOf<S>;

type RecordedFields<Settings> = { readonly [Name in keyof Settings]: Recorded<Settings[Name]> };

type RecordedOption<Kind, O extends Option> = { readonly kind: Kind } & {
  readonly [Name in keyof O["settings"] as RecordedName<Name, O> & string]: Recorded<O["settings"][Name]>;
} & (O extends { readonly recorded: infer Values } ? { readonly [Name in keyof Values]: boolean } : unknown);

type RecordedName<Name, O> = O extends { readonly recordedAs: infer Names }
  ? Name extends keyof Names
    ? Names[Name]
    : Name
  : Name;

type RecordedVariants<V> = {
  [Kind in keyof V]: Plain<{ readonly kind: Kind } & RecordedFields<V[Kind]>>;
}[keyof V];

/** The value of a setting as a user gives it; a setting that is null or absent has its default. */
export type Given<S> = S extends Group
  ? Plain<GivenFields<S["settings"]>>
  : S extends Choice
    ? ExactlyOne<{ [Kind in keyof S["options"]]: Plain<GivenFields<S["options"][Kind]["settings"]>> }>
    : S extends Decided
      ? ExactlyOne<{ [Name in keyof S["given"]]: ScalarValue<S["given"][Name]> }>
      : ScalarValue<S>;

type GivenFields<Settings> = { readonly [Name in NamesOf<Settings, "required">]: Given<Settings[Name]> } & {
  readonly [Name in NamesOf<Settings, "optional">]?: Given<Settings[Name]> | null | undefined;
};

/** GraphQL and `resolveSettings` make sure that exactly one of the fields is given. */
type ExactlyOne<Fields> = { readonly [Name in keyof Fields]?: Fields[Name] | null | undefined };

type NamesOf<Settings, P extends Presence> = {
  [Name in keyof Settings]: PresenceOf<Settings[Name]> extends P ? Name : never;
}[keyof Settings];

type Presence = "required" | "optional" | "recordedOnly";

type PresenceOf<S> = S extends { readonly recordedOnly: true }
  ? "recordedOnly"
  : S extends { readonly default: unknown } | { readonly whenNull: string }
    ? "optional"
    : S extends Group
      ? [NamesOf<S["settings"], "required">] extends [never]
        ? "optional"
        : "required"
      : "required";
