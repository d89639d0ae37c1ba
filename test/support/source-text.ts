/** What the source says of itself: numbers, the members of an interface, defaults, flags. */
import { text } from './documents.js'

/** A number of the source's own, as it is written there. */
export function numberIn(source: string, name: string): string {
  const value = new RegExp(`^const ${name} = ([\\d_]+)$`, 'm').exec(text(source))?.[1]
  if (value === undefined) throw new Error(`${source} has no number "${name}"`)
  return value.replaceAll('_', '')
}

/** The members of an interface. */
export function membersOf(source: string, name: string): string[] {
  const body = new RegExp(
    `^export interface ${name}(?:<.+?>)?(?: extends [\\w<>, ]+)? \\{\\n(.*?)^\\}`,
    'ms',
  ).exec(text(source))?.[1]
  if (body === undefined) throw new Error(`${source} has no interface "${name}"`)
  const members = [...body.matchAll(/^ {2}(?:readonly )?(?:'([\w-]+)'|(\w+))[?:(<]/gm)]
  return [...new Set(members.map(([, quoted, plain]) => quoted ?? plain!))]
}

/** Options with their `@default`, where that is one value. */
export function defaultsOf(source: string): [name: string, value: string][] {
  const documented = text(source).matchAll(/@default ([^\s*]+)(?: \(.*?\))?\s*\*\/\n {2}readonly (\w+)\?/g)
  return [...documented].map(([, value, name]) => [name!, value!])
}

/** The command line's own, as `--name`. */
export function flagsOf(source: string): string[] {
  return [...text(source).matchAll(/^ {6}'?([\w-]+)'?: \{ type: '/gm)].map(([, name]) => `--${name}`)
}
