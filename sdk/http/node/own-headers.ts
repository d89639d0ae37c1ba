/**
 * Our headers on an answer that an application writes: cookies, and the token for an API client. They are set at once, and set again when the
 * head is written, beside the headers that are there by then: an application that sets `Set-Cookie` means to add its own cookies, not to lose
 * ours (R41). Such an answer is for one visitor, so no shared cache may pass it on.
 */
import type { ServerResponse } from 'node:http'

import { createKeptWith } from '../kept-with.js'
import { keepPrivate } from '../shared-caches.js'

interface Own {
  /** `Set-Cookie` lines by the cookie's name. */
  readonly cookies: Map<string, string>
  readonly headers: Map<string, string>
  /** Sets them on the response. */
  readonly settle: () => void
}

const owned = createKeptWith<Own>()

/** Of several cookies with one name, the last is sent. */
export function addCookies(res: ServerResponse, cookies: readonly string[]): void {
  if (res.headersSent || cookies.length === 0) return
  const own = ownOf(res)
  for (const cookie of cookies) own.cookies.set(nameOf(cookie), cookie)
  own.settle()
}

/** A header that belongs to this visitor. */
export function addPrivateHeader(res: ServerResponse, name: string, value: string): void {
  if (res.headersSent) return
  const own = ownOf(res)
  own.headers.set(name, value)
  own.settle()
}

/** Once the first of them is set, nothing that is done to the answer's headers removes ours. */
function ownOf(res: ServerResponse): Own {
  const known = owned.get(res)
  if (known) return known
  const writeHead = res.writeHead.bind(res) as (...given: unknown[]) => ServerResponse
  const plain = {
    getHeader: res.getHeader.bind(res),
    getHeaderNames: res.getHeaderNames.bind(res),
    setHeader: res.setHeader.bind(res),
    removeHeader: res.removeHeader.bind(res),
  }
  let isWriting = false
  const own: Own = {
    cookies: new Map(),
    headers: new Map(),
    settle() {
      putIn(plain, own)
      // Not before: an application may check whether it has set cache headers itself.
      if (isWriting) keepPrivate(plain)
    },
  }
  owned.set(res, own)
  // Listeners of `on-headers` that were registered before us run inside our `writeHead`: they can change headers only through these two.
  res.setHeader = (name, value) => {
    plain.setHeader(name, value)
    own.settle()
    return res
  }
  res.removeHeader = (name) => {
    plain.removeHeader(name)
    own.settle()
  }
  // Node calls it even if the application does not: at the first `write`, at `end`, and at `flushHeaders`.
  res.writeHead = (...given: unknown[]) => {
    if (res.headersSent) return writeHead(...given)
    isWriting = true
    const headers = given.find((part) => typeof part === 'object' && part !== null)
    if (headers) setAll(headers, plain.setHeader)
    own.settle()
    return writeHead(...given.filter((part) => part !== headers))
  }
  return own
}

function putIn(
  { getHeader, setHeader }: Pick<ServerResponse, 'getHeader' | 'setHeader'>,
  { cookies, headers }: Own,
): void {
  if (cookies.size > 0) {
    const others = [getHeader('set-cookie') ?? []].flat().map(String)
    setHeader('set-cookie', [...others.filter((other) => !cookies.has(nameOf(other))), ...cookies.values()])
  }
  for (const [name, value] of headers) setHeader(name, value)
}

const nameOf = (cookie: string) => cookie.slice(0, cookie.search(/[=;]|$/)).trim()

/** Headers passed to `writeHead` itself would override all others. They replace those that were set before, as in Node. */
function setAll(given: object, setHeader: (name: string, value: never) => unknown): void {
  const set = setHeader as (name: string, value: unknown) => unknown
  const byName = new Map<string, { readonly name: string; readonly values: unknown[] }>()
  for (const [name, value] of pairsOf(given)) {
    if (name === '') continue
    const known = byName.get(name.toLowerCase())
    if (known) known.values.push(value)
    else byName.set(name.toLowerCase(), { name, values: [value] })
  }
  for (const { name, values } of byName.values()) set(name, values.length > 1 ? values.flat() : values[0])
}

/** Reads an object, a list of pairs, or a list of alternating names and values. */
function pairsOf(given: object): [string, unknown][] {
  if (!Array.isArray(given)) return Object.entries(given)
  const list: readonly unknown[] = Array.isArray(given[0]) ? given.flatMap((pair) => firstTwo(pair)) : given
  return list.flatMap((name, at): [string, unknown][] => (at % 2 === 0 ? [[String(name), list[at + 1]]] : []))
}

const firstTwo = (pair: unknown): unknown[] => (Array.isArray(pair) ? [pair[0], pair[1]] : [pair, undefined])
