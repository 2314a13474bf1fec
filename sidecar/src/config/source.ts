/** Where a value came from. */
export type ValueSource =
  | { readonly from: "flag"; readonly flag: string }
  | { readonly from: "environment"; readonly variable: string }
  | { readonly from: "file"; readonly file: string; readonly line: number }
  | { readonly from: "default" };

/** For people, as it stands in errors and in `config print`. */
export function describeSource(source: ValueSource): string {
  switch (source.from) {
    case "flag":
      return `flag ${source.flag}`;
    case "environment":
      return `environment ${source.variable}`;
    case "file":
      return `file ${source.file}, line ${source.line}`;
    case "default":
      return "default";
  }
}
