import type { Metric } from './finding-words.ts';

/** The part of JSON Schema (draft 2020-12) that describes a metric. */
export interface JsonSchema {
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly (string | null)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | false;
}

export type { Metric };
/** The metrics of any finding. */
export type AnyMetrics = { readonly [name: string]: Metric };

/**
 * What a metric looks like: its JSON Schema, and the TypeScript type of its value, which stands in a member that is
 * never there.
 */
export interface Shape<Value extends Metric> {
  readonly schema: JsonSchema;
  /** Only some findings of the kind carry it. */
  readonly isSometimes?: true;
  readonly value?: Value;
}

/** The shape of a metric that only some findings of the kind carry. */
export interface SometimesShape<Value extends Metric> extends Shape<Value> {
  readonly isSometimes: true;
}

export type Shapes = Readonly<Record<string, Shape<Metric>>>;
/** The type of the values that have these shapes. */
export type ValuesOf<Fields extends Shapes> = {
  readonly [Name in keyof Fields as Fields[Name] extends SometimesShape<Metric> ? never : Name]: ValueOf<Fields[Name]>;
} & {
  readonly [Name in keyof Fields as Fields[Name] extends SometimesShape<Metric> ? Name : never]?: ValueOf<Fields[Name]>;
};
type ValueOf<Each> = Each extends Shape<infer Value> ? Value : never;

/**
 * The shapes of metrics. Each takes one sentence that says what the number is; the published JSON Schema and the type
 * of `metrics` of a finding are made from them.
 */
export const metric = {
  text: (description: string): Shape<string> => ({ schema: { description, type: 'string' } }),
  flag: (description: string): Shape<boolean> => ({ schema: { description, type: 'boolean' } }),
  /** A whole number of things, from 0 on. */
  count: (description: string): Shape<number> => ({ schema: { description, type: 'integer', minimum: 0 } }),
  /** A process or thread id. */
  pid: (description: string): Shape<number> => ({
    schema: { description, type: 'integer', minimum: 0, maximum: 2 ** 32 - 1 },
  }),
  /** The number of a descriptor. */
  descriptor: (description: string): Shape<number> => ({
    schema: { description, type: 'integer', minimum: 0, maximum: 2 ** 31 - 1 },
  }),
  /** A length of time in milliseconds, from 0 on. */
  lengthMs: (description: string): Shape<number> => ({ schema: { description, type: 'number', minimum: 0 } }),
  /** A moment in milliseconds since the first event. */
  momentMs: (description: string): Shape<number> => ({ schema: { description, type: 'number', minimum: 0 } }),
  /** A part of a whole, 0 to 1. */
  share: (description: string): Shape<number> => ({ schema: { description, type: 'number', minimum: 0, maximum: 1 } }),
  percent: (description: string): Shape<number> => ({
    schema: { description, type: 'number', minimum: 0, maximum: 100 },
  }),
  /** Any other quantity, from 0 on. */
  amount: (description: string): Shape<number> => ({ schema: { description, type: 'number', minimum: 0 } }),
  oneOf: <const Word extends string>(words: readonly Word[], description: string): Shape<Word> => ({
    schema: { description, enum: words },
  }),
  /** A list of values of one shape. */
  list: <Value extends Metric>(items: Shape<Value>, description: string): Shape<readonly Value[]> => ({
    schema: { description, type: 'array', items: items.schema },
  }),
  /** Values of one shape by names that the trace chooses: errors, kinds of descriptors. */
  table: <Value extends Metric>(values: Shape<Value>, description: string): Shape<Readonly<Record<string, Value>>> => ({
    schema: { description, type: 'object', additionalProperties: values.schema },
  }),
  /** An object with these members. */
  record: <Fields extends Shapes>(fields: Fields, description?: string): Shape<ValuesOf<Fields>> => ({
    schema: { ...(description === undefined ? {} : { description }), ...objectSchema(fields) },
  }),
  /** null where the capture does not tell. */
  orNull: <Value extends Metric>({ schema }: Shape<Value>): Shape<Value | null> => ({ schema: nullable(schema) }),
  /** Only some findings of the kind carry it: a kind may tell two stories. */
  sometimes: <Value extends Metric>({ schema }: Shape<Value>): SometimesShape<Value> => ({ schema, isSometimes: true }),
} as const;

/** The schema of an object with these members. */
export function objectSchema(fields: Shapes): JsonSchema {
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(fields).map(([name, { schema }]) => [name, schema])),
    required: Object.keys(fields).filter((name) => fields[name]?.isSometimes !== true),
  };
}

function nullable(schema: JsonSchema): JsonSchema {
  if (schema.enum !== undefined) return { ...schema, enum: [...schema.enum, null] };
  return { ...schema, type: [schema.type ?? [], 'null'].flat() };
}
