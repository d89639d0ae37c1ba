/** Makes keys. Every key gets a random `kid`, so that no two keys ever share a name. */
import { generateKeyPair, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

import type { SiteRegistration } from '../sites/site.js'
import type { HubKeys } from './hub-keys.js'

/** What a site keeps for itself: the `keys` of `createSite`. Secret. */
export interface GeneratedSiteKeys {
  /** The app's name, if several sites are registered as one app. */
  readonly app?: string
  readonly signing: SigningKey
  readonly ticket: SymmetricKey
  readonly session: SymmetricKey
}

/** A private JWK, for ES256. */
export interface SigningKey {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly kid: string
  readonly x: string
  readonly y: string
  readonly d: string
}

export interface SymmetricKey {
  readonly kty: 'oct'
  readonly kid: string
  readonly k: string
}

/** The keys of a new hub. */
export const generateHubKeys = (): HubKeys => ({ secret: randomBytes(32).toString('base64url') })

/** All the keys of a new site, and what the hub has to know about them. */
export async function generateSite(
  origin: string,
): Promise<{ keys: GeneratedSiteKeys; registration: SiteRegistration }> {
  const { keys, halves } = await siteKeys()
  return { keys, registration: { origin, ...halves } }
}

/** The same for an app with several sites: one set of keys for all of them, and one registration for each. */
export async function generateApp(
  app: string,
  origins: readonly string[],
): Promise<{ keys: GeneratedSiteKeys; registrations: readonly SiteRegistration[] }> {
  const { keys, halves } = await siteKeys()
  return { keys: { app, ...keys }, registrations: origins.map((origin) => ({ origin, app, ...halves })) }
}

async function siteKeys() {
  const signing = await signingKey()
  const ticket = symmetricKey()
  const { kty, crv, kid, x, y } = signing
  return {
    keys: { signing, ticket, session: symmetricKey() },
    halves: { signingKeys: [{ kty, crv, kid, x, y }], ticketKeys: [ticket] },
  }
}

async function signingKey(): Promise<SigningKey> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const { x, y, d } = privateKey.export({ format: 'jwk' }) as { x: string; y: string; d: string }
  return { kty: 'EC', crv: 'P-256', kid: keyId(), x, y, d }
}

const symmetricKey = (): SymmetricKey => ({
  kty: 'oct',
  kid: keyId(),
  k: randomBytes(32).toString('base64url'),
})

const keyId = () => randomBytes(9).toString('base64url')
