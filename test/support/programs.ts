/** Where the programs are that the tests drive: the same search as `test/install-browsers.mjs`, which has made sure of them. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

import programs from './programs.json' with { type: 'json' }

/** @param variable the environment variable that may name the program's path, such as `SESSION_HUB_FIREFOX` */
export function findProgram(variable: string): string {
  const found = lookForProgram(variable)
  if (!found)
    throw new Error(`${named(variable).name} is missing; "npm test" and "npm run test:webkit" install it`)
  return found
}

/** The same where the tests can do without it: `undefined`. */
export function lookForProgram(variable: string): string | undefined {
  const { commands, paths, probe } = named(variable)
  const { [variable]: chosen, PATH = '' } = process.env
  if (chosen) return chosen
  const inPath = commands.flatMap((command) => PATH.split(delimiter).map((folder) => join(folder, command)))
  const works = (path: string) => existsSync(path) && (!probe || spawnSync(path, probe).status === 0)
  return [...inPath, ...paths].find(works)
}

function named(variable: string): Program {
  const all: readonly Program[] = Object.values(programs).flat()
  const program = all.find((known) => known.variable === variable)
  if (!program) throw new Error(`No program is listed under ${variable}`)
  return program
}

interface Program {
  readonly name: string
  readonly variable: string
  readonly commands: readonly string[]
  readonly paths: readonly string[]
  /** What it has to be able to run. */
  readonly probe?: readonly string[]
}
