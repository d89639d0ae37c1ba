/** The hub's keys as they lie in a file, in the environment or in the configuration itself. */
import { isJsonObject } from '../../sdk/protocol/json.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { withoutQuotes } from '../../sdk/tokens/key-text.js'
import { createKeyring, type HubKeys } from '../keys/keyring.js'
import type { Place } from './config-file.js'
import { parseFile, readText, shown } from './files.js'

/** Holds the keys when the configuration names none. */
export const KEYS_VARIABLE = 'SESSION_HUB_HUB_KEYS'

export interface KeySource {
  readonly keys: HubKeys
  /** The file that holds them. */
  readonly path?: string
  /** The keys anew, after a rotation; absent where nothing can have changed. */
  readonly reread?: () => Promise<HubKeys>
}

/**
 * The configuration's "keys": a path, the keys themselves, or nothing.
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
    const reread = () => readKeyFile(keyPath, `${file}: "keys"`)
    return { keys: await reread(), path: keyPath, reread }
  }
  if (given !== undefined) return { keys: await usableKeys(given, file), path }
  const text = environment[KEYS_VARIABLE]
  if (text) return { keys: await usableKeys(parseFile(withoutQuotes(text), KEYS_VARIABLE), KEYS_VARIABLE) }
  throw wrong(
    file,
    `"keys" is missing: name the file that "session-hub keys --out hub-keys.json" makes, or set ${KEYS_VARIABLE}`,
  )
}

async function readKeyFile(path: string, where: string): Promise<HubKeys> {
  const text = await readText(path, { where, remedy: `"session-hub keys --out ${shown(path)}" makes it` })
  return usableKeys(parseFile(text, shown(path)), shown(path))
}

/** Keys that can sign now. */
async function usableKeys(given: unknown, where: string): Promise<HubKeys> {
  const { keys, keyring } = await checkedKeys(given, where)
  const nowMs = Date.now()
  try {
    keyring.signing(nowMs)
  } catch (cause) {
    const time = new Date(nowMs).toISOString()
    throw wrong(
      where,
      `no key of "signing" signs at ${time}: correct the clock, or make new keys with "session-hub keys"`,
      cause,
    )
  }
  return keys
}

/** @throws SessionHubError `options_invalid` */
export async function checkedKeys(given: unknown, where: string) {
  if (!isJsonObject(given)) throw wrong(where, 'keys are expected, such as "session-hub keys" makes')
  // A cast before its check: the keyring looks at every member, as no type can.
  const keys = given as unknown as HubKeys
  return { keys, keyring: await createKeyring(keys, `${where}: keys`) }
}
