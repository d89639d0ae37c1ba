/** Sends one bounded request and keeps what came back. It follows no redirect, keeps no cookie and sends no secret. */
import { lookup as systemLookup } from 'node:dns/promises'
import type { LookupAddress } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { brotliDecompressSync, unzipSync } from 'node:zlib'

import { isLoopback } from '../../sdk/protocol/origins.js'

export interface Ask {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Sight {
  readonly url: string
  readonly status: number
  readonly bytes: Buffer
  readonly text: string
  /** All lines of one header, by lower-case name. */
  readonly lines: (name: string) => readonly string[]
  /** All lines of one header, as one text. */
  readonly header: (name: string) => string | undefined
  /** How far the server's clock is ahead of this machine's, and how exact that is; `undefined` without a `Date`. */
  readonly aheadMs: { readonly value: number; readonly tolerance: number } | undefined
  /** When the certificate expires. */
  readonly validToMs: number | undefined
}

export interface Eyes {
  /** @throws BlindError */
  see(url: string, ask?: Ask): Promise<Sight>
  /** @throws BlindError */
  addressesOf(origin: string): Promise<readonly string[]>
  /**
   * Reads an answer that comes part by part.
   *
   * @param longer how many seconds beyond the time limit the answer may take; without it, nothing after the first part is waited for
   * @throws BlindError
   */
  listen(url: string, headers: Readonly<Record<string, string>>, longer?: number): Promise<Heard>
}

interface Heard {
  readonly status: number
  /** Empty if the answer has ended without a first part. */
  readonly firstPart: string
  readonly text: string
  /** From the first part to the end, or until it was cut off. */
  readonly lastedMs: number
}

/** Nothing could be seen. */
export class BlindError extends Error {
  override readonly name = 'BlindError'

  constructor(
    readonly kind: 'dns' | 'connect' | 'tls',
    message: string,
    cause: unknown,
  ) {
    super(message, { cause })
  }
}

/** The bound for one answer. A page may be longer, but the rest is not examined. */
const MOST_BYTES = 1024 * 1024

/** Identifies the doctor. It must not look like a search engine, because those get no session. */
const AGENT = 'session-hub-doctor'

export interface EyesOptions {
  /** The time limit of one request, in milliseconds. */
  readonly timeoutMs: number
  /** @default the system's resolver */
  readonly lookup?: (hostname: string) => Promise<readonly LookupAddress[]>
}

export function openEyes({ timeoutMs, lookup = lookUp }: EyesOptions): Eyes {
  const lookupForNode: LookupFunction = (hostname, { all }, callback) => {
    lookup(hostname).then(
      (found) => {
        const [first] = found
        if (!first) callback(new Error('no address'), '', 0)
        else if (all) callback(null, [...found])
        else callback(null, first.address, first.family)
      },
      (thrown: unknown) => {
        callback(thrown as NodeJS.ErrnoException, '', 0)
      },
    )
  }

  /** One time limit for the whole request: a server that sends one byte a second has not answered either. */
  function request<Result>(
    url: string,
    { method = 'GET', headers = {}, body }: Ask,
    read: (res: http.IncomingMessage, done: (result: Result) => void) => void,
    limitMs = timeoutMs,
  ): Promise<Result> {
    const { protocol } = new URL(url)
    const isSecure = protocol === 'https:'
    return new Promise((resolve, reject) => {
      const fail = (thrown: Error) => {
        clearTimeout(timer)
        reject(blindness(thrown))
      }
      const req = (isSecure ? https : http).request(url, {
        method,
        // Each request has its own connection: a kept one may be closed by the time of the next request, which would say nothing about the server.
        agent: false,
        lookup: lookupForNode,
        headers: {
          'user-agent': AGENT,
          accept: '*/*',
          'accept-encoding': 'identity',
          ...headers,
          ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
        },
      })
      const timer = setTimeout(() => {
        req.destroy(new Error(`no whole answer within ${limitMs / 1000} seconds`))
      }, limitMs)
      let isAnswered = false
      req.on('error', fail)
      // After `101 Switching Protocols`, which was not requested, Node closes the connection and reports nothing but this event.
      req.on('close', () => {
        if (!isAnswered) fail(new Error('the connection was closed without an answer'))
      })
      req.on('response', (res) => {
        isAnswered = true
        read(res, (result) => {
          clearTimeout(timer)
          resolve(result)
        })
        res.on('error', fail)
      })
      req.end(body)
    })
  }

  return {
    async see(url, ask = {}) {
      const startMs = Date.now()
      return request<Sight>(url, ask, (res, done) => {
        const headMs = Date.now()
        const { socket, headers, rawHeaders } = res
        const validToMs = endOfCertificate(socket as Partial<TLSSocket>)
        const chunks: Buffer[] = []
        let length = 0
        const finish = () => {
          const bytes = plain(Buffer.concat(chunks), headers['content-encoding'])
          const lines = (name: string) =>
            rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name)
          done({
            url,
            status: res.statusCode ?? 0,
            bytes,
            text: bytes.toString(),
            lines,
            header: (name) => (lines(name).length > 0 ? lines(name).join(', ') : undefined),
            aheadMs: aheadOf(headers.date, startMs, headMs),
            validToMs,
          })
        }
        res.on('data', (chunk: Buffer) => {
          if (length >= MOST_BYTES) return
          length += chunk.length
          chunks.push(chunk)
          if (length < MOST_BYTES) return
          // The rest is not needed, and may never end.
          res.removeAllListeners('end')
          finish()
          res.destroy()
        })
        res.on('end', finish)
      })
    },
    async addressesOf(origin) {
      const hostname = new URL(origin).hostname.replace(/^\[|\]$/g, '')
      try {
        return (await lookup(hostname)).map(({ address }) => address)
      } catch (thrown) {
        throw new BlindError('dns', `"${hostname}" does not resolve`, thrown)
      }
    },
    listen: (url, headers, longer) =>
      request<Heard>(
        url,
        { headers },
        (res, done) => {
          const parts: string[] = []
          let beganMs = 0
          let length = 0
          const finish = () => {
            const [firstPart = ''] = parts
            const lastedMs = beganMs === 0 ? 0 : performance.now() - beganMs
            done({ status: res.statusCode ?? 0, firstPart, text: parts.join(''), lastedMs })
          }
          res.on('data', (chunk: Buffer) => {
            beganMs ||= performance.now()
            length += chunk.length
            if (length > MOST_BYTES) {
              res.destroy()
              return
            }
            parts.push(chunk.toString())
            if (longer !== undefined) return
            finish()
            res.destroy()
          })
          // An answer that is cut off after it has begun is no error here: this is what the check looks for.
          res.on('end', finish)
          res.on('error', () => {
            if (parts.length > 0) finish()
          })
        },
        timeoutMs + (longer ?? 0) * 1000,
      ),
  }
}

/** RFC 6761: names under `.localhost` mean this machine, and not every resolver knows that. */
async function lookUp(hostname: string): Promise<readonly LookupAddress[]> {
  return hostname.endsWith('.localhost') && isLoopback(hostname)
    ? [{ address: '127.0.0.1', family: 4 }]
    : systemLookup(hostname, { all: true })
}

function endOfCertificate(socket: Partial<TLSSocket>): number | undefined {
  const { valid_to: validTo } = socket.getPeerCertificate?.() ?? {}
  return validTo ? Date.parse(validTo) : undefined
}

/** A server may compress without being asked. If the content unpacks to more than the bound, it is taken as it came. */
function plain(bytes: Buffer, encoding: string | undefined): Buffer {
  const bound = { maxOutputLength: MOST_BYTES }
  try {
    if (encoding === 'br') return brotliDecompressSync(bytes, bound)
    return encoding === 'gzip' || encoding === 'deflate' ? unzipSync(bytes, bound) : bytes
  } catch {
    return bytes
  }
}

/** `Date` has whole seconds, so the value is half a second early on average, give or take half a second. */
function aheadOf(date: string | undefined, startMs: number, headMs: number): Sight['aheadMs'] {
  const saidMs = Date.parse(date ?? '')
  if (Number.isNaN(saidMs)) return undefined
  return { value: saidMs + 500 - (startMs + headMs) / 2, tolerance: 500 + (headMs - startMs) / 2 }
}

const TLS = /^(CERT_|ERR_TLS|ERR_SSL|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|EPROTO)/

function blindness(thrown: NodeJS.ErrnoException): BlindError {
  const { code = '', message } = thrown
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return new BlindError('dns', message, thrown)
  if (TLS.test(code)) return new BlindError('tls', `${tlsWords[code] ?? message} (${code})`, thrown)
  // If several addresses were tried, each has its own error, and the error for all of them has no message.
  return new BlindError('connect', [message, code].find(Boolean) ?? 'no connection', thrown)
}

const tlsWords: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'an intermediate certificate is missing, or the authority is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'an intermediate certificate is missing, or the authority is not trusted here',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'the authority is not trusted here',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
  EPROTO: 'there is no TLS at this port',
}
