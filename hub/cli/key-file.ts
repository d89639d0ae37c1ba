/** The hub's keys, from a file, from the environment or from the configuration itself. */
import { isJsonObject } from '../../sdk/protocol/json.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { withoutQuotes } from '../../sdk/tokens/key-text.js'
import { type HubKeys, readHubKeys } from '../keys/hub-keys.js'
import type { Place } from './config-file.js'
import { KEYS_VARIABLE } from './environment.js'
import { parseFile, readText, shown } from './files.js'

export interface KeySource {
  readonly keys: HubKeys
  /** The file that holds them. */
  readonly path?: string
}

/**
 * Finds the keys for the configuration's "keys": a path, the keys themselves, or nothing.
 *
 * @throws SessionHubError `options_invalid`
 */
export async function findKeys(
  given: unknown,
  { path, file, inFolder }: Place,
  environment: NodeJS.ProcessEnv,
): Promise<KeySource> {
  if (typeof given === 'string') {
    const keyPath = inFolder(given)
    return { keys: await readKeyFile(keyPath, `${file}: "keys"`), path: keyPath }
  }
  if (given !== undefined) return { keys: usableKeys(given, file), path }
  const text = environment[KEYS_VARIABLE]
  if (text) return { keys: usableKeys(parseFile(withoutQuotes(text), KEYS_VARIABLE), KEYS_VARIABLE) }
  throw wrong(
    file,
    `"keys" is missing: name the file that "session-hub keys --out hub-keys.json" makes, or set ${KEYS_VARIABLE}`,
  )
}

async function readKeyFile(path: string, where: string): Promise<HubKeys> {
  const text = await readText(path, { where, remedy: `"session-hub keys --out ${shown(path)}" makes it` })
  return usableKeys(parseFile(text, shown(path)), shown(path))
}

/** @throws SessionHubError `options_invalid` */
function usableKeys(given: unknown, where: string): HubKeys {
  if (!isJsonObject(given)) throw wrong(where, 'keys are expected, such as "session-hub keys" makes')
  // The cast comes before the check, which checks every member.
  const keys = given as unknown as HubKeys
  readHubKeys(keys, `${where}: keys`)
  return keys
}
