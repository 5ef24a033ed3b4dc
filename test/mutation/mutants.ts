import { type Node, parse } from 'acorn';

/** One small change of a program text: what stands from `from` to `to` becomes `text`. */
export interface Mutant {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  /** `>= becomes >`. */
  readonly name: string;
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
const METHODS: Readonly<Record<string, string>> = { min: 'max', max: 'min', some: 'every', every: 'some' };

interface AnyNode extends Node {
  readonly [member: string]: unknown;
}

/** Every mutant of a JavaScript module. Texts are left alone: what a sentence says is the matter of other tests. */
export function mutantsOf(program: string): Mutant[] {
  const found: Mutant[] = [];
  const visit = (node: AnyNode): void => {
    const mutant = mutantOf(node, program);
    if (mutant !== null) found.push(mutant);
    for (const [name, child] of Object.entries(node)) {
      if (name === 'source') continue;
      for (const each of Array.isArray(child) ? child : [child]) if (isNode(each)) visit(each);
    }
  };
  visit(parse(program, { ecmaVersion: 'latest', sourceType: 'module' }) as unknown as AnyNode);
  return found;
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function mutantOf(node: AnyNode, program: string): Mutant | null {
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
        : { from: property.start, to: property.end, text: other, name: `${name} becomes ${other}` };
    }
    default:
      return null;
  }
}

function operatorMutant(program: string, from: number, to: number, operator: string): Mutant | null {
  const other = OPERATORS[operator];
  const at = program.indexOf(operator, from);
  if (other === undefined || at < 0 || at >= to) return null;
  return { from: at, to: at + operator.length, text: other, name: `${operator} becomes ${other}` };
}

function literalMutant(node: AnyNode): Mutant | null {
  const { value } = node as unknown as { readonly value: unknown };
  if (typeof value === 'boolean')
    return { from: node.start, to: node.end, text: String(!value), name: `${value} becomes ${!value}` };
  if (typeof value !== 'number') return null;
  return { from: node.start, to: node.end, text: String(value + 1), name: `${value} becomes ${value + 1}` };
}

function isText({ type, value }: AnyNode): boolean {
  return type === 'TemplateLiteral' || (type === 'Literal' && typeof value === 'string');
}
