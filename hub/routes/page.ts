/** The hub's own pages: strict headers, one inline script, and data for it. */
import type { ServerResponse } from 'node:http'

import { removeTargeted } from '../../sdk/http/shared-caches.js'
import { toSessionHubError } from '../../sdk/protocol/errors.js'
import { type Log, logError } from '../../sdk/settings/log.js'

type Headers = Readonly<Record<string, string>>

/**
 * The headers of a page (R14).
 *
 * @param policy what the page's own script and style need
 * @param ancestor the one origin that may embed the page; by default nobody
 * @param formAction the target of its forms
 */
export const pageHeaders = (policy: string, ancestor = "'none'", formAction = "'none'"): Headers => ({
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; base-uri 'none'; form-action ${formAction}; ${policy && `${policy}; `}frame-ancestors ${ancestor}`,
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
})

const refusedHeaders = pageHeaders('')

/** @param html everything except the document type */
export function sendPage(res: ServerResponse, status: number, headers: Headers, html: string): void {
  const text = `<!doctype html>${html}`
  removeTargeted(res)
  res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) })
  res.end(text)
}

/** An error that no page is told about: nobody may embed it, and it is the same for every visitor (R14). */
export function sendRefusedPage(
  res: ServerResponse,
  log: Log,
  thrown: unknown,
  where: string,
  site: string | undefined,
): void {
  const error = toSessionHubError(thrown)
  logError(log, error, where, { site })
  const retry = error.retryAfterSeconds
  if (retry !== undefined) res.setHeader('retry-after', retry)
  sendPage(res, error.status, refusedHeaders, `<title>${error.code}</title>`)
}

/** Data for the page's script, padded with spaces to a length. Inside a script element, only "<" could end it. */
export function dataElement(data: object, length = 0): string {
  const json = JSON.stringify(data).replaceAll('<', '\\u003c').padEnd(length)
  return `<script type=application/json id=data>${json}</script>`
}

/** Escapes text for a page, or for an attribute in quotes. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
