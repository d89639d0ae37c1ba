/** Sending a visitor on. */
import type { IncomingMessage, ServerResponse } from 'node:http'

import { removeTargeted } from './shared-caches.js'

/**
 * Always 303 (R24): a GET comes after it, whatever came before. The page at the end learns as much of where the visitor came from as it
 * would have learnt without this step: an origin, if the browser gave one. No address of this step can leave in a Referer.
 */
export function sendOn({ headers }: IncomingMessage, res: ServerResponse, address: string): void {
  removeTargeted(res)
  res.setHeader('location', address)
  res.setHeader('cache-control', 'no-store')
  res.setHeader('referrer-policy', headers.referer === undefined ? 'no-referrer' : 'strict-origin')
  res.setHeader('content-length', 0)
  res.statusCode = 303
  res.end()
}

/** Whether a visitor's own window goes there now: no frame, no script, no image, and nothing that is only being prepared. */
export const isNavigation = ({ headers }: IncomingMessage): boolean =>
  headers['sec-fetch-dest'] === 'document' &&
  headers['sec-fetch-mode'] === 'navigate' &&
  headers['sec-purpose'] === undefined &&
  headers.purpose === undefined

export const pathOf = (url: string): string => {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

export const queryOf = (url: string): URLSearchParams => new URLSearchParams(url.slice(pathOf(url).length))

/** A member that stands once; twice, and nobody can say which one is meant. */
export function single(query: URLSearchParams, name: string): string | undefined {
  const [value, more] = query.getAll(name)
  return more === undefined ? value : undefined
}
