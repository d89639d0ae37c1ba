/** The configuration as variables, for containers: `SESSION_HUB_PORT=4000` is `"port": 4000`. */
import type { JsonObject } from '../../sdk/protocol/json.js'
import { closest, wrong } from '../../sdk/settings/refuse-unknown.js'
import { withoutQuotes } from '../../sdk/tokens/key-text.js'
import { parseFile, readText } from './files.js'

const PREFIX = 'SESSION_HUB_'
const FILE = '_FILE'

/** Holds the hub's keys when the configuration names none. `SESSION_HUB_KEYS` holds a site's keys. */
export const KEYS_VARIABLE = 'SESSION_HUB_HUB_KEYS'

/** Variables that are not text of the configuration: other code reads them. */
const OTHERS = [
  KEYS_VARIABLE,
  'SESSION_HUB_STORE',
  'SESSION_HUB_STORE_TO',
  'SESSION_HUB_KEYS',
  'SESSION_HUB_WORKER',
]

/** Addresses of stores: none of them is JSON. */
const ADDRESSES = ['SESSION_HUB_STORE', 'SESSION_HUB_STORE_TO']

/** Keys whose value is text, whatever it looks like. */
const TEXTS = ['origin', 'host']

const variableOf = (name: string) => PREFIX + name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

/**
 * Returns the environment with each `…_FILE` read, so that a secret that is mounted as a file need not be in a variable.
 *
 * @throws SessionHubError `options_invalid` if both variables are set, or the file cannot be read
 */
export async function withFiles(environment: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  const found: NodeJS.ProcessEnv = { ...environment }
  for (const [name, path] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || !name.endsWith(FILE) || !path) continue
    const variable = name.slice(0, -FILE.length)
    if (environment[variable]) throw wrong(name, `${variable} is set too: keep one of the two`)
    found[variable] = (await readText(path, { where: name, remedy: 'correct the path' })).trim()
  }
  // Docker keeps quotes. With them, an address would be taken for the path of a file, with the password in it.
  for (const name of ADDRESSES) if (found[name]) found[name] = withoutQuotes(found[name]).trim()
  return found
}

/**
 * @param names the keys of the configuration that text can set
 * @throws SessionHubError `options_invalid` for JSON that cannot be read
 */
export function configIn(environment: NodeJS.ProcessEnv, names: readonly string[]): JsonObject {
  const found = names.flatMap((name) => {
    const variable = variableOf(name)
    const text = environment[variable]
    if (text === undefined || text === '' || OTHERS.includes(variable)) return []
    return [[name, valueOf(name, withoutQuotes(text).trim(), variable)] as const]
  })
  return Object.fromEntries(found)
}

/** Docker keeps quotes that a shell removes, and some hosts escape quotes inside them. */
function valueOf(name: string, text: string, variable: string): JsonObject[string] {
  if (TEXTS.includes(name)) return text
  if (/^[[{]/.test(text))
    return parseFile(/^[[{]\s*\{?\s*\\"/.test(text) ? text.replaceAll('\\"', '"') : text, variable)
  if (/^(true|false|\d{1,15})$/.test(text)) return JSON.parse(text) as boolean | number
  return text
}

/** Finds variables that look like misspelt ones of ours. */
export function variableDoubts(environment: NodeJS.ProcessEnv, names: readonly string[]): readonly string[] {
  const known = [...names.map(variableOf), ...OTHERS].map(withoutPrefix)
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX))
    .flatMap((name) => {
      const plain = withoutPrefix(name.endsWith(FILE) ? name.slice(0, -FILE.length) : name)
      const meant = known.includes(plain) ? undefined : closest(plain, known)
      return meant === undefined ? [] : [`the variable ${name} is unknown; did you mean ${PREFIX}${meant}?`]
    })
}

const withoutPrefix = (name: string) => name.slice(PREFIX.length)
