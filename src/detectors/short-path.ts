/** A target that is no longer than that needs no shorter form. */
const SHORT_ENOUGH = 12;
/** Of a name that is one long word its beginning and its end tell it from others. */
const LONGEST_NAME = 32;
const NAME_BEGINNING = 18;
const NAME_END = 12;

/** An address with a port, and what listens there. */
const SERVICE = /^(\S+:\d+)(?: \(([^()]*?)(?: by convention)?\))?$/;

/**
 * What a title may call a target, the longest first, so that the figures of the title have room: a path without its
 * middle (`/srv/…/sess_visitor`), without its folders, without the middle of its name; a service without the words on
 * how its name is known, without its name.
 */
export function shorterTargets(target: string): readonly string[] {
  const [, address, service = ''] = SERVICE.exec(target) ?? [];
  if (address !== undefined)
    return [...new Set([target, service === '' ? address : `${address} (${service})`, address])];
  if (!target.startsWith('/') || target.length <= SHORT_ENOUGH) return [target];
  const [first = '', ...others] = target.slice(1).split('/');
  const name = others.at(-1) ?? first;
  const cut = name.length > LONGEST_NAME ? `${name.slice(0, NAME_BEGINNING)}…${name.slice(-NAME_END)}` : name;
  const ways = others.length > 1 ? [`/${first}/…/${name}`, `…/${name}`, `…/${cut}`] : [`…/${name}`, `…/${cut}`];
  return [...new Set([target, ...ways.filter((way) => way.length < target.length)])];
}
