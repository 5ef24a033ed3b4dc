import { createHash } from 'node:crypto';

/** Everything that acts on a terminal or hides in a line, except the line break. */
const UNSAFE = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/u;
const TOKEN =
  /<!doctype html>|<(?<end>\/)?(?<name>[a-zA-Z][a-zA-Z0-9]*)(?<attributes>(?: [a-zA-Z-]+="[^"<>]*")*)>|(?<text>[^<]+)|(?<odd><)/g;
const ATTRIBUTE = / ([a-zA-Z-]+)="([^"<>]*)"/g;
const VOID = new Set(['meta', 'link', 'br']);
/** Elements whose text is no markup. */
const RAW = /<(style|script)>([\s\S]*?)<\/\1>/g;
const STRAY_AND = /&(?!(?:amp|lt|gt|quot|#39);)/;
/** What may load, run or send something, whatever it leads to. */
const ACTIVE = /^(?:on.*|src|srcset|style|action|formaction|ping|background|poster|data|srcdoc|manifest|xlink:href)$/i;

/** What is wrong with a page as a document that works alone and can be trusted; [] when nothing is. */
export function complaintsOfPage(page: string): readonly string[] {
  const complaints: string[] = [];
  const demand = (isFine: boolean, complaint: string): void => {
    if (!isFine) complaints.push(complaint);
  };
  demand(page.startsWith('<!doctype html>\n<html lang="en"><head>'), 'it begins as no page');
  demand(page.endsWith('</body></html>\n'), 'it has no end');
  demand(!UNSAFE.test(page), `raw ${JSON.stringify(UNSAFE.exec(page)?.[0])}`);
  demand(Buffer.byteLength(page) < 1_000_000, `${Buffer.byteLength(page)} bytes`);
  demand(Buffer.from(page).toString() === page, 'it is no UTF-8');
  const raw = [...page.matchAll(RAW)].map(([, name = '', text = '']) => ({ name, text }));
  demand(raw.map(({ name }) => name).join(' ') === 'style script', `raw text: ${raw.map(({ name }) => name)}`);
  for (const { name, text } of raw) {
    const hash = `sha256-${createHash('sha256').update(text).digest('base64')}`;
    demand(policyOf(page)[`${name}-src`] === `'${hash}'`, `the policy does not let ${name} through: ${hash}`);
    demand(!/url\(|@import|https?:|fetch|XMLHttp|WebSocket|import\(/.test(text.replace(SVG_NAMESPACE, '')), name);
  }
  demand(policyOf(page)['default-src'] === "'none'", 'the policy lets things load');
  complaints.push(...complaintsOfMarkup(page.replace(RAW, '<$1></$1>')));
  return complaints;
}

const SVG_NAMESPACE = /http:\/\/www\.w3\.org\/2000\/svg/g;

/** The content security policy by its directives. */
function policyOf(page: string): Readonly<Record<string, string>> {
  const [, policy = ''] = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(page) ?? [];
  return Object.fromEntries(
    policy
      .replaceAll('&#39;', "'")
      .split('; ')
      .map((directive) => {
        const [name = '', ...values] = directive.split(' ');
        return [name, values.join(' ')];
      }),
  );
}

function complaintsOfMarkup(page: string): readonly string[] {
  const complaints: string[] = [];
  const open: string[] = [];
  const ids = new Set<string>();
  const links: string[] = [];
  for (const { groups = {} } of page.matchAll(TOKEN)) {
    const { end, name, attributes = '', text, odd } = groups;
    if (odd !== undefined) complaints.push('a < that begins no element');
    if (text !== undefined && (STRAY_AND.test(text) || text.includes('>'))) complaints.push(`stray & or > in ${text}`);
    if (name === undefined) continue;
    if (end !== undefined) {
      const last = open.pop();
      if (last !== name) complaints.push(`</${name}> ends <${last}>`);
      continue;
    }
    if (!VOID.has(name)) open.push(name);
    for (const [, key = '', value = ''] of attributes.matchAll(ATTRIBUTE)) {
      if (ACTIVE.test(key)) complaints.push(`${name} ${key}`);
      if (STRAY_AND.test(value)) complaints.push(`stray & in ${value}`);
      if (key === 'id' && ids.has(value)) complaints.push(`two of id ${value}`);
      if (key === 'id') ids.add(value);
      if (key === 'href' && value !== 'data:,') links.push(value);
    }
  }
  if (open.length > 0) complaints.push(`never ended: ${open.join(' ')}`);
  for (const link of links)
    if (!link.startsWith('#') || !ids.has(link.slice(1))) complaints.push(`a link to ${link}, which is not here`);
  return complaints;
}
