/** A request by which no line tells it is named after its connection. */
const UNNAMED = /^connection /;
/** Segments of a path that name one thing of many: numbers, UUIDs, long keys. */
const ONE_OF_MANY = /^(?:\d+|[0-9a-f]{8}-[0-9a-f-]{27}|(?=[^/]*\d)[0-9a-zA-Z_-]{20,})$/;

/** The name of a request; empty when the capture does not hold its line. */
export function requestName(name: string): string {
  return UNNAMED.test(name) ? '' : name;
}

/** The request without what differs from one call of the same code to the next: `GET /item/*` for `GET /item/17`. */
export function requestShape(name: string): string {
  const [path = ''] = requestName(name).split('?');
  return path
    .split('/')
    .map((segment) => (ONE_OF_MANY.test(segment) ? '*' : segment))
    .join('/');
}

/**
 * A request in so many characters: what is too long loses its end, at a `/` where that leaves enough to recognise it.
 */
export function shortRequest(name: string, most: number): string {
  if (name.length <= most) return name;
  const kept = name.slice(0, Math.max(1, most - 3));
  const slash = kept.lastIndexOf('/');
  return `${slash > kept.indexOf('/') + 3 && slash >= kept.length / 2 ? kept.slice(0, slash + 1) : kept}...`;
}
