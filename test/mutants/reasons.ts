/** `survivors.json`: mutants that no test can notice, each with the reason. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Mutant } from './operators.js'
import type { Judged } from './record.js'
import { root } from './tree.js'

type Reasons = Readonly<Record<string, Readonly<Record<string, string>>>>

const survivors = JSON.parse(readFileSync(join(root, 'test/mutants/survivors.json'), 'utf8')) as Reasons

export const reasonFor = ({ file, name }: Mutant): string | undefined => survivors[file]?.[name]

/** Reasons for what is not there any more, or does not live. */
export function unfounded(all: readonly Mutant[], record: ReadonlyMap<string, Judged>): readonly string[] {
  const names = new Set(all.map(({ file, name }) => `${file} “${name}”`))
  const files = new Set(all.map(({ file }) => file))
  return Object.entries(survivors).flatMap(([file, reasons]) =>
    Object.keys(reasons).flatMap((name) => {
      const mutant = `${file} “${name}”`
      if (files.has(file) && !names.has(mutant)) return [`${mutant} is gone`]
      const judged = record.get(file)
      return judged && judged.lives[name] === undefined ? [`${mutant} is noticed by a test`] : []
    }),
  )
}
