/** One import of a module: `isType` where nothing of it is left at run time. */
export interface Import {
  specifier: string;
  isType: boolean;
}

const statement = /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w$*{},\s]+?\s+from\s+)?['"]([^'"]+)['"]/gm;
const call = /\b(typeof\s+)?import\(\s*['"]([^'"]+)['"]/g;

/** The imports of TypeScript source. `import { type A }` counts as a value: under verbatimModuleSyntax the module is
 * still loaded. Comments of whole lines are skipped. */
export function readImports(source: string): Import[] {
  const code = source.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, '');
  return [...code.matchAll(statement), ...code.matchAll(call)].map(([, isType, specifier = '']) => ({
    specifier,
    isType: isType !== undefined,
  }));
}

/** True where source reads the environment. */
export function readsEnvironment(source: string): boolean {
  return /\bprocess\.env\b|\bprocess\s*\[\s*['"]env|\bimport\s*\{[^}]*\benv\b[^}]*\}\s*from\s*['"]node:process/.test(
    source,
  );
}
