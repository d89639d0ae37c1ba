/** Checks that whoever registers a domain controls it: they publish a text where only its owner can, in a file of the site or in its DNS. */
import { resolveTxt } from 'node:dns/promises'
import { isIP } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'
import { createHmac, type KeyObject } from 'node:crypto'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import { isTag } from '../flows/tags.js'
import type { SiteRegistration } from '../sites/site.js'
import { isWildcard } from '../sites/wildcard.js'
import { readSmallFile, type ReadingOptions, TIMEOUT_MS } from './well-known.js'

export interface OwnershipProof {
  /** Made for this origin with these keys: it proves nothing about another site, nor about the same site with other keys. */
  readonly token: string
  /** A file of the site that holds the token. Absent for a wildcard: one host proves nothing about the others. */
  readonly file?: { readonly url: string; readonly content: string }
  /** A TXT record that holds the token. Absent if the host is an address. */
  readonly record?: { readonly name: string; readonly value: string }
}

export interface Ownership {
  proofOf(registration: SiteRegistration): OwnershipProof
  /** @throws SessionHubError `proof_missing`, which says where the proof was looked for and what was there */
  check(registration: SiteRegistration): Promise<void>
}

export interface OwnershipOptions extends ReadingOptions {
  /** Reads the TXT records of a name. @default the system's resolver */
  readonly texts?: (name: string) => Promise<readonly string[]>
}

const FILE = '/.well-known/session-hub-site.txt'
const PREFIX = 'session-hub-site='

export function createOwnership(secret: KeyObject, options: OwnershipOptions = {}): Ownership {
  const { texts = textsOf, timeoutMs = TIMEOUT_MS } = options

  function proofOf({ origin, signingKeys }: SiteRegistration): OwnershipProof {
    const token =
      PREFIX +
      createHmac('sha256', secret)
        .update(`ownership\n${origin}\n${JSON.stringify(signingKeys.map(printOf))}`)
        .digest()
        .subarray(0, 16)
        .toString('base64url')
    const { hostname, port, protocol } = new URL(origin.replace('://*.', '://'))
    // Whoever has another port of a host does not have the host. The proof is then in its DNS.
    const hasFile = !isWildcard(origin) && port === '' && protocol === 'https:'
    const isName = isIP(hostname.replace(/[[\]]/g, '')) === 0
    return {
      token,
      ...(hasFile && { file: { url: origin + FILE, content: token } }),
      ...(isName && { record: { name: `_session-hub.${hostname}`, value: token } }),
    }
  }

  return {
    proofOf,
    async check(registration) {
      const { token, file, record } = proofOf(registration)
      const found = await Promise.all([
        file && isInFile(file.url, token, options),
        record && isInRecord(record.name, token, texts, timeoutMs),
      ])
      const faults = found.filter((fault) => fault !== undefined)
      if (found.includes(FOUND)) return
      const words = faults.length > 0 ? faults.join('; ') : 'this origin has no place where one could be'
      throw new SessionHubError('proof_missing', `The proof of ownership is not there: ${words}`)
    },
  }
}

const FOUND = ''

/** @returns the fault in words, or `FOUND` */
async function isInFile(url: string, token: string, options: ReadingOptions): Promise<string> {
  try {
    const text = await readSmallFile(url, options)
    return isTag(text.trim(), token) ? FOUND : `${url} holds something else`
  } catch (thrown) {
    return `${url}: ${(thrown as Error).message}`
  }
}

async function isInRecord(
  name: string,
  token: string,
  texts: NonNullable<OwnershipOptions['texts']>,
  timeoutMs: number,
): Promise<string> {
  const isOver = new AbortController()
  try {
    // The domain's owner controls how fast its DNS answers, and resolvers wait for minutes.
    const found = await Promise.race([texts(name), after(timeoutMs, undefined, { signal: isOver.signal })])
    if (!found) return `the DNS of ${name} did not answer within ${timeoutMs / 1000} seconds`
    return found.some((text) => isTag(text.trim(), token)) ? FOUND : `no TXT record of ${name} holds it`
  } catch {
    return `there is no TXT record of ${name}`
  } finally {
    isOver.abort()
  }
}

const textsOf = async (name: string) => (await resolveTxt(name)).map((parts) => parts.join(''))

const printOf = (jwk: object) => {
  const { kid, x, y } = jwk as { kid?: unknown; x?: unknown; y?: unknown }
  return [kid, x, y]
}
