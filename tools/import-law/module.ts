import { readFileSync } from "node:fs";
import { type Node, parseSync, Visitor } from "oxc-parser";

/** `import`: the module's code or types; `resolve`: only its place on the disk. */
export type ImportKind = "import" | "resolve";
export type Import = { specifier: string; kind: ImportKind; line: number };
export type Name = { name: string; line: number };
export type Module = { imports: Import[]; names: Name[] };

/**
 * What a source file imports, and the free-standing names in it: no property names, but
 * `Math.random` for what is taken of a name. Throws on a syntax error.
 */
export function readModule(path: string): Module {
  const text = readFileSync(path, "utf8");
  const parsed = parseSync(path, text);
  const [error] = parsed.errors;
  if (error !== undefined) throw new Error(`${path}: ${error.message}`);

  const lineOf = (offset: number): number => text.slice(0, offset).split("\n").length;
  const imports: Import[] = [];
  const names: Name[] = [];
  const propertyNames = new Set<number>();

  const add = (node: Node | null | undefined, kind: ImportKind = "import"): void => {
    const specifier = literal(node);
    if (specifier !== undefined) imports.push({ specifier, kind, line: lineOf(node?.start ?? 0) });
  };
  const skipKey = ({ computed, key }: { computed: boolean; key: Node }): void => {
    if (!computed) propertyNames.add(key.start);
  };

  new Visitor({
    ImportDeclaration: ({ source }) => add(source),
    ExportNamedDeclaration: ({ source }) => add(source),
    ExportAllDeclaration: ({ source }) => add(source),
    ImportExpression: ({ source }) => add(source),
    TSImportType: ({ source }) => add(source),
    CallExpression: ({ callee, arguments: [first] }) => {
      const kind = loader(text.slice(callee.start, callee.end));
      if (kind !== undefined) add(first, kind);
    },
    MemberExpression: ({ computed, object, property }) => {
      skipKey({ computed, key: property });
      if (computed || object.type !== "Identifier" || property.type !== "Identifier") return;
      names.push({ name: `${object.name}.${property.name}`, line: lineOf(object.start) });
    },
    Property: (node) => {
      if (!node.shorthand) skipKey(node);
    },
    PropertyDefinition: skipKey,
    MethodDefinition: skipKey,
    TSPropertySignature: skipKey,
    TSMethodSignature: skipKey,
    Identifier: ({ name, start }) => {
      if (!propertyNames.has(start)) names.push({ name, line: lineOf(start) });
    },
  }).visit(parsed.program);
  return { imports, names };
}

function loader(callee: string): ImportKind | undefined {
  if (callee === "require") return "import";
  return callee === "require.resolve" || callee === "import.meta.resolve" ? "resolve" : undefined;
}

function literal(node: Node | null | undefined): string | undefined {
  if (node?.type === "Literal" && typeof node.value === "string") return node.value;
  if (node?.type === "TemplateLiteral" && node.expressions.length === 0) {
    return node.quasis[0]?.value.cooked ?? undefined;
  }
  return undefined;
}
