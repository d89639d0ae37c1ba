/** A second copy of the package and its built tests, with every mutant in it, built as the package itself is. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { type InputOption, type OutputOptions, type Plugin, rollup, type RollupOptions } from 'rollup'
import ts from 'typescript'

import { mutate, type Mutant } from './operators.js'
import { part } from './part.js'

export const root = fileURLToPath(new URL('../../../', import.meta.url))
export const tree = join(root, `build/mutants/tree-${part.number}`)

/** Names below this project's root. */
export function sourceFiles(): readonly string[] {
  return ['sdk', 'hub'].flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${room}/${name}`)
      .sort(),
  )
}

/** Every mutant of these source files, numbered. */
export function mutantsOf(files: readonly string[]): readonly Mutant[] {
  const mutants: Mutant[] = []
  for (const file of files) mutants.push(...mutate(file, sourceOf(file), mutants.length + 1).mutants)
  return mutants
}

const sourceOf = (file: string) => readFileSync(join(root, file), 'utf8')

/** @returns every mutant of the sources that `isMutated` names */
export async function buildTree(
  isMutated: (file: string) => boolean,
  parts: readonly ('server' | 'browser')[],
): Promise<readonly Mutant[]> {
  rmSync(tree, { recursive: true, force: true })
  mkdirSync(join(tree, 'build'), { recursive: true })
  cpSync(join(root, 'package.json'), join(tree, 'package.json'))
  cpSync(join(root, 'dist'), join(tree, 'dist'), { recursive: true })
  for (const name of ['test', 'demo']) {
    cpSync(join(root, 'build', name), join(tree, 'build', name), { recursive: true })
    symlinkSync(join(root, name), join(tree, name))
  }
  const mutants: Mutant[] = []
  for (const file of sourceFiles()) {
    let source = sourceOf(file)
    if (isMutated(file)) {
      const found = mutate(file, source, mutants.length + 1)
      mutants.push(...found.mutants)
      source = found.source
    }
    const target = join(tree, 'build', file.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, withoutTypes(file, source))
  }
  await bundle(parts)
  return mutants
}

const withoutTypes = (fileName: string, source: string) =>
  ts.transpileModule(source, {
    fileName,
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      verbatimModuleSyntax: true,
    },
  }).outputText

type Configure = (flags: { configPart: string }) => readonly RollupOptions[]

/** The package's own build, from what has no types any more. */
async function bundle(parts: readonly string[]): Promise<void> {
  const { default: configure } = (await import(join(root, 'rollup.config.mjs'))) as { default: Configure }
  const here = process.cwd()
  process.chdir(tree)
  try {
    for (const { plugins, input, output, ...options } of parts.flatMap((configPart) =>
      configure({ configPart }),
    )) {
      const bundled = await rollup({
        ...options,
        input: built(input ?? []),
        plugins: (plugins as readonly Plugin[]).filter(({ name }) => name !== 'typescript'),
      })
      await bundled.write(output as OutputOptions)
      await bundled.close()
    }
  } finally {
    process.chdir(here)
  }
}

const builtFile = (file: string) => file.replace(/^\.\/(.*)\.ts$/, './build/$1.js')

const built = (input: InputOption): InputOption =>
  typeof input === 'string'
    ? builtFile(input)
    : Object.fromEntries(Object.entries(input).map(([name, file]) => [name, builtFile(file)]))

/** Scripts for browsers hear from nobody which mutant is on: it stands in them. */
const scripts = ['sdk', 'ladder', 'live', 'frame', 'access', 'unlock', 'index']
const switched = /^(var \$m=i=>i===\d+;\n)?/

export function switchScripts(id: number): void {
  for (const name of scripts) {
    const file = join(tree, 'dist', `${name}.js`)
    writeFileSync(file, readFileSync(file, 'utf8').replace(switched, `var $m=i=>i===${id};\n`))
  }
}
