import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import ts from 'typescript';
import { PROJECT_ROOT } from '../support/project-root.js';

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** The file it leads to, from the project's root; null for a package. */
  readonly file: string | null;
  /** Erased by the compiler: no module is loaded for it. */
  readonly typeOnly: boolean;
  /** `export … from`. */
  readonly reExport: boolean;
}

export interface SourceFile {
  /** From the project's root, with forward slashes. */
  readonly path: string;
  readonly imports: readonly Import[];
  /** Names of variables of process.env; `*` where it is taken as a whole. */
  readonly environment: readonly string[];
}

/** The TypeScript files below a folder of the project, as far as the rules of architecture look at them. */
export function readSources(folder: string): SourceFile[] {
  return readdirSync(join(PROJECT_ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => {
      const path = posix.join(folder, name);
      return analyse(path, readFileSync(join(PROJECT_ROOT, path), 'utf8'));
    });
}

export function analyse(path: string, text: string): SourceFile {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false);
  const imports: Import[] = [];
  const environment: string[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean, reExport = false) => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    imports.push({ specifier: specifier.text, file: resolve(path, specifier.text), typeOnly, reExport });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    else if (isEnvironment(node)) environment.push('*');
    else if (ts.isElementAccessExpression(node) && isEnvironment(node.expression)) {
      environment.push(ts.isStringLiteralLike(node.argumentExpression) ? node.argumentExpression.text : '*');
      return;
    } else if (ts.isPropertyAccessExpression(node) && isEnvironment(node.expression)) {
      environment.push(node.name.text);
      return;
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { path, imports, environment };
}

function isEnvironment(node: ts.Node): boolean {
  if (!ts.isPropertyAccessExpression(node) || node.name.text !== 'env') return false;
  return ts.isIdentifier(node.expression) && node.expression.text === 'process';
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false; // for its effects
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const names = clause.namedBindings;
  if (clause.name !== undefined || names === undefined || !ts.isNamedImports(names)) return false;
  return names.elements.length > 0 && names.elements.every((element) => element.isTypeOnly);
}

function resolve(from: string, specifier: string): string | null {
  return specifier.startsWith('.') ? posix.join(dirname(from), specifier).replace(/\.js$/, '.ts') : null;
}

/** Circles of modules that load each other, each from its first file in the alphabet; types load nothing. */
export function findCycles(sources: readonly SourceFile[]): string[] {
  const edges = new Map(
    sources.map((source) => [
      source.path,
      source.imports.flatMap((entry) => (entry.typeOnly || entry.file === null ? [] : [entry.file])),
    ]),
  );
  const cycles = new Set<string>();
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start !== -1) {
      const circle = path.slice(start);
      const first = circle.indexOf([...circle].sort()[0] ?? file);
      cycles.add([...circle.slice(first), ...circle.slice(0, first), circle[first]].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const next of edges.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const { path } of sources) walk(path, []);
  return [...cycles];
}
