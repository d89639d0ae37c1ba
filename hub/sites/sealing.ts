/** What a store has of a site that was registered at run time: sealed with the hub's secret, for it holds the site's ticket keys. */
import { createCipheriv, createDecipheriv, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'

import { isJsonObject } from '../../sdk/protocol/json.js'
import type { SiteRegistration } from './site.js'

export interface SiteRecord {
  readonly registration: SiteRegistration
  /** Nobody has shown yet that the domain is theirs: until then the site is served nothing. */
  readonly isPending: boolean
}

export interface SiteSeal {
  seal(record: SiteRecord): string
  /** @throws Error where it is another site's, was made under another secret, or was changed */
  open(origin: string, sealed: string): SiteRecord
}

const IV_BYTES = 12
const TAG_BYTES = 16

/** A256GCM under a key of its own (HKDF, RFC 5869), bound to the site's origin: no record can be put in the place of another. */
export function createSiteSeal(secret: KeyObject): SiteSeal {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'session-hub stored site', 32))
  return {
    seal({ registration, isPending }) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(registration.origin))
      const text = JSON.stringify({ registration, isPending })
      return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
        'base64url',
      )
    },
    open(origin, sealed) {
      const bytes = Buffer.from(sealed, 'base64url')
      const end = bytes.length - TAG_BYTES
      if (end < IV_BYTES) throw new Error('The record is too short')
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(Buffer.from(origin)).setAuthTag(bytes.subarray(end))
      const text = decipher.update(bytes.subarray(IV_BYTES, end), undefined, 'utf8') + decipher.final('utf8')
      const record: unknown = JSON.parse(text)
      if (!isJsonObject(record) || !isJsonObject(record.registration))
        throw new Error('The record has another form')
      // A cast before its check: `readSite` looks at every member.
      const registration = record.registration as unknown as SiteRegistration
      return { registration, isPending: record.isPending === true }
    },
  }
}
