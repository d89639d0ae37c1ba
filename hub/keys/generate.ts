/** Making keys. Every key gets a random `kid`, so that no two ever meet under one name. */
import { generateKeyPair, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

import { limits } from '../../sdk/protocol/wire.js'
import type { SiteRegistration } from '../sites/site.js'
import type { HubKeys, HubSigningKey } from './keyring.js'

/** What a site keeps for itself: the `keys` of `createSite`. Secret. */
export interface GeneratedSiteKeys {
  /** Whose they are, where several sites are registered as one app. */
  readonly app?: string
  readonly signing: HubSigningKey
  readonly ticket: SymmetricKey
  readonly session: SymmetricKey
}

export interface SymmetricKey {
  readonly kty: 'oct'
  readonly kid: string
  readonly k: string
}

/** A signing key and a secret for a new hub. */
export async function generateHubKeys(): Promise<HubKeys> {
  return { signing: [await signingKey()], secret: randomBytes(32).toString('base64url') }
}

/** How long a new key is published before it signs: as long as a site may keep the old list. */
const PUBLISH_SECONDS = 900

/**
 * Adds a key that is published now and signs later, and retires the others when their last ticket has expired (R9).
 * What has retired already is dropped.
 */
export async function rotateHubKeys(keys: HubKeys, nowMs: number): Promise<HubKeys> {
  const now = Math.floor(nowMs / 1000)
  const signsFrom = now + PUBLISH_SECONDS
  const retiresAt = signsFrom + limits.ticketSeconds.max + limits.skewSeconds
  const alive = keys.signing.filter((key) => (key.retiresAt ?? Infinity) > now)
  return {
    secret: keys.secret,
    signing: [...alive.map((key) => ({ retiresAt, ...key })), { ...(await signingKey()), signsFrom }],
  }
}

/** All the keys of a new site, and what the hub has to know of them. */
export async function generateSite(
  origin: string,
): Promise<{ keys: GeneratedSiteKeys; registration: SiteRegistration }> {
  const { keys, halves } = await siteKeys()
  return { keys, registration: { origin, ...halves } }
}

/** The same for an app with several sites: one set of keys for all of them, and a registration for each. */
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

async function signingKey(): Promise<HubSigningKey> {
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
