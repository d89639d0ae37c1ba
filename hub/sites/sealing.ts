/** Seals what the store keeps of a site that was registered at run time, with the hub's secret, because it holds the site's ticket keys. */
import { createCipheriv, createDecipheriv, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'

import { isJsonObject } from '../../sdk/protocol/json.js'
import type { SiteRegistration } from './site.js'

export interface SiteRecord {
  readonly registration: SiteRegistration
  /** Nobody has proved yet that the domain is theirs. Until then the hub does not serve the site. */
  readonly isPending: boolean
}

export interface SiteSeal {
  seal(record: SiteRecord): string
  /** @throws Error if the record belongs to another site, was made under another secret, or was changed */
  open(origin: string, sealed: string): SiteRecord
}

const IV_BYTES = 12
const TAG_BYTES = 16

/** Uses A256GCM under its own key (HKDF, RFC 5869), bound to the site's origin: no record can replace another. */
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
      // The cast comes before the check: `readSite` checks every member.
      const registration = record.registration as unknown as SiteRegistration
      return { registration, isPending: record.isPending === true }
    },
  }
}
