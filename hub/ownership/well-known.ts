/** Reads one small file of a domain that a stranger has named: public addresses only, no redirect, few bytes, a few seconds (R45). */
import { lookup as systemLookup } from 'node:dns/promises'
import { request } from 'node:https'
import type { LookupFunction } from 'node:net'

import { isPublicAddress } from './public-address.js'

export interface ReadingOptions {
  /** Finds all addresses of a name. @default the system's */
  readonly resolve?: (hostname: string) => Promise<readonly { address: string; family: number }[]>
  /** @default public addresses */
  readonly isAllowed?: (address: string) => boolean
  readonly timeoutMs?: number
  /** Certificates to trust instead of the system's. */
  readonly ca?: string
  /** @default the port of the URL */
  readonly port?: number
}

export const TIMEOUT_MS = 5000
const MOST_BYTES = 1024

/**
 * @returns the file's text
 * @throws Error in words for the domain's owner: what was found, without any of its content
 */
export async function readSmallFile(url: string, options: ReadingOptions = {}): Promise<string> {
  const { timeoutMs = TIMEOUT_MS } = options
  const limit = AbortSignal.timeout(timeoutMs)
  const late = new Promise<never>((_resolve, reject) => {
    limit.addEventListener('abort', () => {
      reject(new Error(`it did not answer within ${timeoutMs / 1000} seconds`))
    })
  })
  return Promise.race([read(new URL(url), options, limit), late])
}

async function read(url: URL, options: ReadingOptions, signal: AbortSignal): Promise<string> {
  const { resolve = systemAddresses, isAllowed = isPublicAddress, ca, port } = options
  const addresses = await resolve(url.hostname).catch(() => {
    throw new Error('its name does not resolve')
  })
  const [first] = addresses
  // All addresses have to be public: for a name with two, somebody else would choose where it leads.
  if (!first || !addresses.every(({ address }) => isAllowed(address)))
    throw new Error('its name does not lead to public addresses only')
  // The connection uses the address that was checked: a second look-up could give another answer.
  const pinned: LookupFunction = (_hostname, { all }, callback) => {
    if (all) callback(null, [first])
    else callback(null, first.address, first.family)
  }
  return new Promise((settle, reject) => {
    const asked = request(
      url,
      {
        lookup: pinned,
        agent: false,
        signal,
        headers: { accept: 'text/plain' },
        ...(ca && { ca }),
        ...(port && { port }),
      },
      (response) => {
        const fail = (what: string) => {
          response.destroy()
          reject(new Error(what))
        }
        // A redirect is not followed: it could lead anywhere.
        if (response.statusCode !== 200) {
          fail(`it answered ${response.statusCode}`)
          return
        }
        const parts: Buffer[] = []
        let size = 0
        response.on('data', (part: Buffer) => {
          size += part.length
          if (size > MOST_BYTES) fail(`it is larger than ${MOST_BYTES} bytes`)
          else parts.push(part)
        })
        response.on('end', () => {
          settle(Buffer.concat(parts).toString('utf8'))
        })
        response.on('error', () => {
          reject(new Error('the answer broke off'))
        })
      },
    )
    asked.on('error', ({ code = '' }: NodeJS.ErrnoException) => {
      reject(new Error(code === '' ? 'it cannot be reached' : `it cannot be reached (${code})`))
    })
    asked.end()
  })
}

const systemAddresses = (hostname: string) => systemLookup(hostname, { all: true })
