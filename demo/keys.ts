/** The keys of the hub and of its sites: made once, and kept in a file that only its owner can read. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import {
  generateHubKeys,
  generateSite,
  type HubKeys,
  SessionHubError,
  type SiteRegistration,
} from 'session-hub/hub'
import type { SiteKeys } from 'session-hub/site'

import { siteNames, type SiteName } from './sites.js'

interface SiteSecrets {
  readonly keys: SiteKeys
  readonly registration: SiteRegistration
}
export type DemoKeys = Readonly<Record<SiteName, SiteSecrets>> & { readonly hub: HubKeys }

/** @throws SessionHubError `options_invalid` when the file exists and holds no keys */
export async function loadKeys(folder: string): Promise<DemoKeys> {
  const file = join(folder, 'keys.json')
  const text = await readFile(file, 'utf8').catch(noFile)
  if (text !== undefined) return readKeys(text, file)
  const keys = await makeKeys()
  // wx: if two demos start in one folder, the second must not replace the keys of the first.
  await writeFile(file, JSON.stringify(keys, null, 2), { mode: 0o600, flag: 'wx' })
  return keys
}

async function makeKeys(): Promise<DemoKeys> {
  const [shop, travel, magazine] = await Promise.all([
    makeSite('shop'),
    makeSite('travel'),
    makeSite('magazine'),
  ])
  return { hub: generateHubKeys(), shop, travel, magazine }
}

async function makeSite(name: SiteName): Promise<SiteSecrets> {
  // The origin is set again at every start (see hub.ts), so the same keys work on any ports.
  const { keys, registration } = await generateSite(`http://${name}.localhost`)
  // A key pair instead of a secret: services beside the site can read its sessions, but cannot make any.
  const { privateKey } = generateKeyPairSync('ed25519')
  const session = { ...privateKey.export({ format: 'jwk' }), kid: randomBytes(9).toString('base64url') }
  return { keys: { ...keys, session }, registration }
}

function readKeys(text: string, file: string): DemoKeys {
  try {
    const keys: unknown = JSON.parse(text)
    if (isDemoKeys(keys)) return keys
  } catch {
    // The parser's message would quote the keys.
  }
  throw new SessionHubError(
    'options_invalid',
    `"${file}" holds no keys of this demo: remove it, or use another DATA_DIR`,
  )
}

/** Only checks that all parts are there: `createHub` and `createSite` check every key themselves. */
function isDemoKeys(keys: unknown): keys is DemoKeys {
  return (
    has(keys, 'hub') &&
    siteNames.every((name) => has(keys, name) && has(keys[name], 'keys') && has(keys[name], 'registration'))
  )
}

const has = <Name extends string>(value: unknown, name: Name): value is Record<Name, unknown> =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)

function noFile(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}
