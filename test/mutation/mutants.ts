import { type Node, parse } from 'acorn';

/** A piece of a program text, in UTF-16 units. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** One small change of a program text: what stands from `from` to `to` becomes `text`. */
export interface Mutant extends Range {
  readonly text: string;
  /** `>= becomes >`. */
  readonly name: string;
  /** The expression that has another value then. */
  readonly whole: Range;
  /** The innermost function, method or constant around it that has a name; empty where there is none. */
  readonly inside: string;
}

/** A mutant that is built in, and is run where `droverMutant` (`judge.ts`) says yes to its number. */
export interface NumberedMutant extends Mutant {
  readonly id: number;
}

const OPERATORS: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '&&': '||',
  '||': '&&',
  '??': '&&',
  '+=': '-=',
  '-=': '+=',
  '++': '--',
  '--': '++',
};
/** The name of a constant of a module. */
const CONSTANT = /^[A-Z][A-Z_0-9]*$/;
const METHODS: Readonly<Record<string, string>> = { min: 'max', max: 'min', some: 'every', every: 'some' };

interface AnyNode extends Node {
  readonly [member: string]: unknown;
}

/** Every mutant of a JavaScript module. Texts are left alone: what a sentence says is the matter of other tests. */
export function mutantsOf(program: string): Mutant[] {
  const found: Mutant[] = [];
  const visit = (node: AnyNode, outer: string): void => {
    const inside = nameOf(node) ?? outer;
    const change = changeOf(node, program);
    if (change !== null) found.push({ whole: { from: node.start, to: node.end }, inside, ...change });
    for (const [name, child] of Object.entries(node)) {
      // The number 7 of `{ 7: 'a' }` is a name.
      if (name === 'source' || (name === 'key' && node['computed'] === false)) continue;
      for (const each of Array.isArray(child) ? child : [child]) if (isNode(each)) visit(each, inside);
    }
  };
  visit(parse(program, { ecmaVersion: 'latest', sourceType: 'module' }) as unknown as AnyNode, '');
  return found;
}

/** The program with these mutants built in: each is switched on by its number, and all are off without one. */
export function withMutants(program: string, mutants: readonly NumberedMutant[]): string {
  // One line with what follows, as stack traces have the lines of the source map.
  return `const isMutant = (globalThis.droverMutant ?? (() => false)); ${switched(program, { from: 0, to: program.length }, mutants)}`;
}

/** What stands in `range`, with a switch around the expression of each of these mutants that is in it. */
function switched(program: string, range: Range, mutants: readonly NumberedMutant[]): string {
  const within = mutants.filter(({ whole }) => range.from <= whole.from && whole.to <= range.to);
  const [outer] = within.toSorted((a, b) => a.whole.from - b.whole.from || b.whole.to - a.whole.to);
  if (outer === undefined) return program.slice(range.from, range.to);
  const { id, whole, from, to, text } = outer;
  const others = within.filter((each) => each !== outer);
  const piece = (start: number, end: number): string => switched(program, { from: start, to: end }, others);
  const before = program.slice(range.from, whole.from);
  const after = piece(whole.to, range.to);
  if (program[whole.from] === '.') {
    const name = `[isMutant(${id}) ? '${text}' : '${program.slice(from, to)}']`;
    return before + (before.endsWith('?') ? '.' : '') + name + after;
  }
  const changed = [piece(whole.from, from), piece(to, whole.to)].map((side) => (side.trim() === '' ? '' : `(${side})`));
  return `${before}(isMutant(${id}) ? ${changed.join(text)} : ${piece(whole.from, whole.to)})${after}`;
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function nameOf(node: AnyNode): string | null {
  const isNamed =
    node.type === 'FunctionDeclaration' ||
    node.type === 'MethodDefinition' ||
    node.type === 'PropertyDefinition' ||
    (node.type === 'Property' && isFunction(node['value'])) ||
    (node.type === 'VariableDeclarator' && (isFunction(node['init']) || CONSTANT.test(nameIn(node['id']))));
  return isNamed ? nameIn(node['id'] ?? node['key']) : null;
}

function nameIn(value: unknown): string {
  return isNode(value) ? String(value['name'] ?? '') : '';
}

function isFunction(value: unknown): boolean {
  return isNode(value) && /Function/.test(value.type);
}

type Change = Omit<Mutant, 'whole' | 'inside'> & Partial<Pick<Mutant, 'whole'>>;

function changeOf(node: AnyNode, program: string): Change | null {
  switch (node.type) {
    case 'BinaryExpression':
    case 'LogicalExpression':
    case 'AssignmentExpression': {
      const left = node['left'] as AnyNode;
      const right = node['right'] as AnyNode;
      const operator = String(node['operator']);
      // Texts are joined, not added.
      if (operator === '+' && (isText(left) || isText(right))) return null;
      return operatorMutant(program, left.end, right.start, operator);
    }
    case 'UpdateExpression': {
      const argument = node['argument'] as AnyNode;
      const operator = String(node['operator']);
      return node['prefix'] === true
        ? operatorMutant(program, node.start, argument.start, operator)
        : operatorMutant(program, argument.end, node.end, operator);
    }
    case 'UnaryExpression':
      return node['operator'] === '!' ? { from: node.start, to: node.start + 1, text: '', name: '! is dropped' } : null;
    case 'Literal':
      return literalMutant(node);
    case 'MemberExpression': {
      const property = node['property'] as AnyNode;
      const name = property.type === 'Identifier' && node['computed'] === false ? String(property['name']) : '';
      const other = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
      return other === undefined
        ? null
        : {
            from: property.start,
            to: property.end,
            text: other,
            name: `${name} becomes ${other}`,
            // `.min`, of `Math.min` as of `values?.min`.
            whole: { from: property.start - 1, to: property.end },
          };
    }
    default:
      return null;
  }
}

function operatorMutant(program: string, from: number, to: number, operator: string): Change | null {
  const other = OPERATORS[operator];
  const at = program.indexOf(operator, from);
  if (other === undefined || at < 0 || at >= to) return null;
  return { from: at, to: at + operator.length, text: other, name: `${operator} becomes ${other}` };
}

function literalMutant(node: AnyNode): Change | null {
  const { value } = node as unknown as { readonly value: unknown };
  if (typeof value === 'boolean')
    return { from: node.start, to: node.end, text: String(!value), name: `${value} becomes ${!value}` };
  if (typeof value !== 'number') return null;
  return { from: node.start, to: node.end, text: String(value + 1), name: `${value} becomes ${value + 1}` };
}

function isText({ type, value }: AnyNode): boolean {
  return type === 'TemplateLiteral' || (type === 'Literal' && typeof value === 'string');
}
