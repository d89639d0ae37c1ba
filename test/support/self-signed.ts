/** Certificates that sign themselves or each other, for as many days as a test wants: written by hand, so that no program has to be there. */
import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto'

import type { Certificate } from './certificate.js'

/** @param days from now to its end; it begins a year earlier */
export const selfSigned = (hostnames: readonly string[], days: number): Certificate =>
  certified({ name: 'Session Hub tests', hostnames, days })

interface Wanted {
  /** Whose it is; the issuer of another one needs a name of its own. */
  readonly name: string
  readonly hostnames?: readonly string[]
  readonly days: number
  /** It may sign others. */
  readonly isAuthority?: boolean
}

export interface Issuer extends Certificate {
  readonly name: string
}

/** @param by who signs it; itself, if nobody else does */
export function certified({ name, hostnames = [], days, isAuthority = false }: Wanted, by?: Issuer): Issuer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const atMs = Date.now()
  const distinguished = (text: string) =>
    sequence(tlv(0x31, sequence(oid('550403'), tlv(0x0c, Buffer.from(text)))))
  const validity = sequence(time(atMs - 365 * DAY_MS), time(atMs + days * DAY_MS))
  const names = hostnames.map((hostname) => tlv(0x82, Buffer.from(hostname)))
  const extensions = sequence(
    ...(names.length > 0 ? [sequence(oid('551d11'), tlv(0x04, sequence(...names)))] : []),
    ...(isAuthority ? [sequence(oid('551d13'), TRUE, tlv(0x04, sequence(TRUE)))] : []),
  )
  const content = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    distinguished(by?.name ?? name),
    validity,
    distinguished(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, extensions),
  )
  const signature = createSign('sha256')
    .update(content)
    .sign(by?.key ?? privateKey)
  const whole = sequence(content, ECDSA_WITH_SHA256, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])))
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? []
  return {
    name,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
  }
}

const DAY_MS = 86_400_000

/** DER (X.690): a tag, a length, a value. */
function tlv(tag: number, value: Buffer): Buffer {
  const { length } = value
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), value])
}

const sequence = (...parts: readonly Buffer[]) => tlv(0x30, Buffer.concat(parts))
const oid = (hex: string) => tlv(0x06, Buffer.from(hex, 'hex'))

/** UTCTime, which certificates have until 2049 (RFC 5280). */
const time = (atMs: number) =>
  tlv(0x17, Buffer.from(`${new Date(atMs).toISOString().replace(/\D/g, '').slice(2, 14)}Z`))

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'))
const TRUE = tlv(0x01, Buffer.from([255]))
