/** TypeScript in this process: several projects at once, which share what they have in common. */
import { isAbsolute, join, relative, sep } from 'node:path'

import ts from 'typescript'

/** What every project has read already: declarations, whose text and reading do not depend on a project's options. */
const declarations = new Map<string, ts.SourceFile | undefined>()

/** Not ours, and not what ours may clash with: to check them costs more than all the rest. */
const OTHERS = /\/node_modules\/(typescript|@types\/node|undici-types|vue|@vue|svelte|csstype)\//

/**
 * @param options as in tsconfig.json
 * @returns what the compiler complains of, in the project's files and in the declarations that they load; paths are the project's own
 */
export function complaintsOf(folder: string, files: readonly string[], options: object): string {
  const { options: compilerOptions, errors } = ts.convertCompilerOptionsFromJson(options, folder)
  const host = ts.createCompilerHost(compilerOptions)
  const read = host.getSourceFile.bind(host)
  host.getCurrentDirectory = () => folder
  host.getSourceFile = (name, how, ...rest) => {
    if (!name.endsWith('.d.ts')) return read(name, how, ...rest)
    const { impliedNodeFormat, languageVersion } = typeof how === 'object' ? how : { languageVersion: how }
    const key = [name, impliedNodeFormat, languageVersion].join()
    if (!declarations.has(key)) declarations.set(key, read(name, how, ...rest))
    return declarations.get(key)
  }
  const program = ts.createProgram({
    rootNames: files.map((file) => join(folder, file)),
    options: compilerOptions,
    host,
  })
  const checked = program
    .getSourceFiles()
    .filter((file) => !program.isSourceFileDefaultLibrary(file) && !OTHERS.test(file.fileName))
  const complaints = [
    ...errors,
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...checked.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ]
  return complaints
    .map(({ file, start = 0, code, messageText }) => {
      const text = ts.flattenDiagnosticMessageText(messageText, '\n')
      if (!file) return `error TS${code}: ${text}`
      const { line } = file.getLineAndCharacterOfPosition(start)
      const path = isAbsolute(file.fileName) ? relative(folder, file.fileName) : file.fileName
      return `${path.replaceAll(sep, '/')}(${line + 1}): error TS${code}: ${text}`
    })
    .join('\n')
}
