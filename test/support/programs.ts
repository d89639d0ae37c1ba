/** Where the programs are that the tests drive: the same search as `test/install-browsers.mjs`, which has made sure of them. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

import programs from './programs.json' with { type: 'json' }

/** @param variable the environment variable that may name the program's path, such as `SESSION_HUB_FIREFOX` */
export function findProgram(variable: string): string {
  const program = Object.values(programs)
    .flat()
    .find((known) => known.variable === variable)
  if (!program) throw new Error(`No program is listed under ${variable}`)
  const { [variable]: chosen, PATH = '' } = process.env
  if (chosen) return chosen
  const inPath = program.commands.flatMap((command) =>
    PATH.split(delimiter).map((folder) => join(folder, command)),
  )
  const found = [...inPath, ...program.paths].find((path) => existsSync(path))
  if (!found) throw new Error(`${program.name} is missing; "npm test" and "npm run test:webkit" install it`)
  return found
}
