/** A request that is no line of HTTP and no short command: its words are no subject of a sentence. */
export const isStatement = (request: string): boolean => request.split(' ').length > 2;

const VERB = /^(?:(?:BEGIN|START TRANSACTION)\s*;\s*)?([a-z]+)\b/i;
const TABLE = /\b(?:UPDATE(?:\s+ONLY)?|INTO|FROM(?:\s+ONLY)?|TABLE)\s+["`]?([\w.$]{1,60})/i;
/** Another statement follows in the same message. */
const FURTHER = /;\s*\S/;

/**
 * What a sentence calls a statement: `an UPDATE on orders`, `a COMMIT`. All of its words would be masked together with
 * what the sentence says behind them.
 */
export function statementName(statement: string): string {
  const verb = VERB.exec(statement)?.[1]?.toUpperCase();
  if (verb === undefined) return 'a statement';
  const table = TABLE.exec(statement)?.[1];
  const more = FURTHER.test(statement.replace(VERB, '')) ? ' and further statements' : '';
  return `${/^[AEIOU]/.test(verb) ? 'an' : 'a'} ${verb}${table === undefined ? '' : ` on ${table}`}${more}`;
}

/** What a sentence that is about a request calls it: `GET /report`, `a SELECT on orders`. */
export function requestInWords(request: string): string {
  return isStatement(request) && VERB.test(request) ? statementName(request) : request;
}

/** The same where it begins the sentence. */
export function requestAtStart(request: string): string {
  const words = requestInWords(request);
  return words === request ? words : `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
