import { show } from '../show.ts';

/** Markup of which every text was escaped. Only `element` makes it. */
export class Html {
  readonly markup: string;

  /** `markup` is trusted: never text of a report. */
  constructor(markup: string) {
    this.markup = markup;
  }
}

/** What may stand in an element: text, which is escaped; elements; nothing. */
export type Child = string | Html | null | readonly Child[];

type Attributes = Readonly<Record<string, string | number | null>>;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** Elements that have no end tag in HTML. */
const VOID: ReadonlySet<string> = new Set(['meta', 'link', 'br']);

/** An element. An attribute that is null is left out. */
export function element(name: string, attributes: Attributes, ...children: readonly Child[]): Html {
  const words = Object.entries(attributes).map(([key, value]) =>
    value === null ? '' : ` ${key}="${escaped(String(value))}"`,
  );
  const start = `<${name}${words.join('')}>`;
  return new Html(VOID.has(name) ? start : `${start}${markupOf(children)}</${name}>`);
}

/** The markup of what stands in an element. */
export function markupOf(child: Child): string {
  if (child === null) return '';
  if (typeof child === 'string') return escaped(child);
  return child instanceof Html ? child.markup : child.map(markupOf).join('');
}

/** Text that shows as itself: what acts on a terminal or hides in a line is spelled out, as in every other view. */
function escaped(text: string): string {
  return show(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
