import type { DetectorDefinition } from '../../src/detectors/detector.ts';
import { type JsonSchema, metric, objectSchema } from '../../src/detectors/metric.ts';

/**
 * The parts of the published schema that this file reads or writes. All others are written by hand and stay as they
 * are.
 */
interface ReportSchema {
  readonly $defs: Readonly<Record<string, object>> & {
    readonly kind: { readonly enum: readonly string[] };
    readonly finding: object;
  };
}

/** What the report adds to the metrics of any finding. */
const OF_ALL_KINDS = {
  lostEvents: metric.sometimes(
    metric.count('Events that the tracer lost around that time: counts are too low, and a gap may be a lost line.'),
  ),
};

/** The published schema with what the definitions say about kinds and their metrics. */
export function withKinds<Schema extends ReportSchema>(
  schema: Schema,
  detectors: readonly DetectorDefinition[],
): Schema {
  const kinds = detectors.map(({ kind }) => kind);
  const known = new Set([...schema.$defs.kind.enum, ...kinds]);
  const metrics = Object.fromEntries(detectors.map((detector) => [detector.kind, metricsSchema(detector)]));
  const byHand = Object.entries(schema.$defs).filter(([name]) => !known.has(name));
  return {
    ...schema,
    $defs: {
      ...Object.fromEntries(byHand),
      kind: { enum: kinds },
      ...metrics,
      finding: { ...schema.$defs.finding, allOf: kinds.map(metricsOfKind) },
    },
  };
}

function metricsSchema({ title, metrics }: DetectorDefinition): JsonSchema {
  return { description: title, ...objectSchema({ ...metrics, ...OF_ALL_KINDS }) };
}

function metricsOfKind(kind: string): object {
  return {
    if: { properties: { kind: { const: kind } }, required: ['kind'] },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema calls it so
    then: { properties: { metrics: { $ref: `#/$defs/${kind}` } } },
  };
}

/**
 * The schema with which drover's own reports are checked: a metric that no definition declares is an error, in lists of
 * records as well.
 */
export function strictly<Schema extends ReportSchema>(
  schema: Schema,
  detectors: readonly DetectorDefinition[],
): Schema {
  const closed = Object.fromEntries(detectors.map((detector) => [detector.kind, close(metricsSchema(detector))]));
  return { ...schema, $defs: { ...schema.$defs, ...closed } };
}

function close(schema: JsonSchema): JsonSchema {
  return {
    ...schema,
    ...(schema.items === undefined ? {} : { items: close(schema.items) }),
    ...(schema.properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(Object.entries(schema.properties).map(([name, each]) => [name, close(each)])),
          additionalProperties: false,
        }),
  };
}
