import { createRequire } from 'node:module';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { detectors } from '../../src/detectors/registry.ts';
import { strictly, withKinds } from '../tools/report-schema.ts';

/** The published schema. */
export const schema = createRequire(import.meta.url)('drover/report.schema.json') as {
  readonly $defs: Readonly<Record<string, { readonly required?: readonly string[] }>> & {
    readonly kind: { readonly enum: readonly string[] };
    readonly finding: object;
  };
};

const compiled = new Map<object, ValidateFunction>();
// Made from the definitions: that the published one is up to date is a test of its own.
const strict = strictly(withKinds(schema, detectors), detectors);

/** What is wrong with a report by the published schema, which lets names be added: `/findings/0/title maxLength`. */
export function complaints(report: unknown): readonly string[] {
  return complaintsBy(schema, report);
}

/** What is wrong with a report of our own: a metric that its detector does not declare, too. */
export function strictComplaints(report: unknown): readonly string[] {
  return complaintsBy(strict, report);
}

/** The same by another schema. */
export function complaintsBy(by: object, report: unknown): readonly string[] {
  const validate = compiled.get(by) ?? new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(by);
  compiled.set(by, validate);
  validate(JSON.parse(JSON.stringify(report)));
  return (validate.errors ?? [])
    .filter(({ keyword }) => keyword !== 'if')
    .map(({ instancePath, keyword, params }) =>
      keyword === 'additionalProperties'
        ? `${instancePath} ${String(params['additionalProperty'])} is not declared`
        : `${instancePath} ${keyword}`,
    );
}
