import { type ExportNamedDeclaration, type Identifier, type ImportDeclaration, type Literal, parse } from 'acorn';

type Name = Identifier | Literal;

/**
 * A module of a bundle of esbuild as the body of a function of `exports`, `require` and `__import`. A constant takes
 * the place of each import: modules of a bundle import each other in no circle, and change nothing that they export.
 * Throws where a module exports or imports in a form that esbuild did not write so far.
 */
export function asScript(module: string): string {
  let script = '';
  let from = 0;
  for (const statement of parse(module, { ecmaVersion: 'latest', sourceType: 'module' }).body) {
    if (!/^(?:Import|Export)/.test(statement.type)) continue;
    script += module.slice(from, statement.start);
    if (statement.type === 'ImportDeclaration') script += required(statement);
    else if (statement.type === 'ExportNamedDeclaration' && statement.source == null) script += exported(statement);
    else throw new Error(`Nobody has met this in a bundle: ${module.slice(statement.start, statement.end)}`);
    from = statement.end;
  }
  script += module.slice(from);
  return script
    .replace(/\bimport\("(\.\/[\w-]+)\.js"\)/g, 'Promise.resolve().then(()=>require("$1.cjs"))')
    .replace(/\bimport\("([\w:/-]+)"\)/g, '__import("$1")');
}

function required({ source, specifiers }: ImportDeclaration): string {
  const named: string[] = [];
  let words = `require(${JSON.stringify(String(source.value).replace(/^(\.\/.*)\.js$/, '$1.cjs'))});`;
  for (const specifier of specifiers) {
    if (specifier.type === 'ImportSpecifier') named.push(`${nameOf(specifier.imported)}:${specifier.local.name}`);
    else words = `const ${specifier.local.name}=${words}`;
  }
  if (named.length === 0) return words;
  // Nothing that the program is made of exports both a default and names.
  if (words.startsWith('const')) throw new Error(words);
  return `const{${named.join(',')}}=${words}`;
}

function exported({ specifiers, declaration }: ExportNamedDeclaration): string {
  if (declaration != null) throw new Error('esbuild exports names, not declarations');
  const pairs = specifiers.map(({ exported, local }) => `${nameOf(exported)}:${nameOf(local)}`);
  return `Object.assign(exports,{${pairs.join(',')}});`;
}

function nameOf(name: Name): string {
  return name.type === 'Identifier' ? name.name : String(name.value);
}
