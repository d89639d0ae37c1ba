/** `GET /frame`: the hidden document, with the decision inside it. */
import type { ServerResponse } from 'node:http'

import { SessionHubError, toSessionHubError } from '../../sdk/protocol/errors.js'
import { is128Bits, is256Bits } from '../../sdk/protocol/formats.js'
import type { FrameMessage } from '../../sdk/protocol/messages.js'
import { logError } from '../../sdk/settings/log.js'
import type { FrameScript } from '../frame-script.js'
import type { HubContext } from '../flows/context.js'
import { type Answer, answerFrame } from '../flows/frame.js'
import { frameProof } from '../flows/tags.js'
import type { SiteRegistry } from '../sites/registry.js'
import type { Site } from '../sites/site.js'
import type { HubRequest } from './address.js'
import { hasUnpartitionedAccess, hubHandleHash } from './access.js'
import type { Limiters } from './limits.js'

/** The data in the document, padded: its length tells a stranger nothing about the outcome (R14). */
const DATA_LENGTH = 5120

export interface FrameRoute {
  readonly hub: HubContext
  readonly sites: SiteRegistry
  readonly limiters: Limiters
  readonly script: FrameScript
}

export function frameRoute({ hub, sites, limiters, script }: FrameRoute) {
  const siteHeaders = new WeakMap<Site, Readonly<Record<string, string>>>()

  return async (req: HubRequest, res: ServerResponse): Promise<void> => {
    let asked
    try {
      await limiters.address(req.ip)
      asked = readFrameRequest(req)
      const site = await sites.find(asked.site)
      // The same bytes for every visitor, known or not (R14).
      if (!site)
        throw new SessionHubError(
          'site_unknown',
          'No such site is registered here; "session-hub sites add" makes its keys',
        )
      await answer(req, res, site, asked)
    } catch (thrown) {
      const error = toSessionHubError(thrown)
      logError(hub.log, error, '/frame', { site: asked?.site })
      const retry = error.retryAfterSeconds
      if (retry !== undefined) res.setHeader('retry-after', retry)
      send(res, error.status, refusedHeaders, `<!doctype html><title>${error.code}</title>`)
    }
  }

  async function answer(
    req: HubRequest,
    res: ServerResponse,
    site: Site,
    asked: FrameRequest,
  ): Promise<void> {
    const { headers } = req
    const { nonce, state } = asked
    const hash = hubHandleHash(headers)
    const hasAccess = hasUnpartitionedAccess(headers, hash)
    let status = 200
    let told: Answer
    try {
      if (isAskedBy(headers.referer, site.origin)) {
        if (hash !== undefined) await limiters.session(hash)
        told = await answerFrame(hub, { site, nonce, state, hubHandleHash: hash, hasAccess })
      } else {
        // R14: a stranger's page that frames this hears nothing, and hears it in the same time.
        told = { outcome: 'none', reason: 'referrer_missing' }
      }
    } catch (thrown) {
      // The page is told at once, and does not have to wait for its time limit.
      const error = toSessionHubError(thrown)
      logError(hub.log, error, '/frame')
      status = error.status
      if (error.retryAfterSeconds !== undefined) res.setHeader('retry-after', error.retryAfterSeconds)
      told = { outcome: 'failed', reason: error.code }
    }
    const message: FrameMessage = { sessionHub: 1, nonce, ...told }
    const proof = frameProof(hub.keyring.secret, { site: site.origin, nonce, hasAccess }, hub.now())
    send(res, status, headersFor(site), documentOf({ site: site.origin, proof, message }))
  }

  function documentOf(data: object): string {
    // Inside a script element only "<" could end it.
    const json = JSON.stringify(data).replaceAll('<', '\\u003c').padEnd(DATA_LENGTH)
    return `<!doctype html><meta charset=utf-8><title>Session Hub</title><script type=application/json id=data>${json}</script><script>${script.source}</script>`
  }

  function headersFor(site: Site): Readonly<Record<string, string>> {
    let headers = siteHeaders.get(site)
    if (!headers) {
      headers = frameHeaders(
        `script-src ${script.cspHash}; connect-src 'self'; frame-ancestors ${site.origin}`,
      )
      siteHeaders.set(site, headers)
    }
    return headers
  }
}

interface FrameRequest {
  readonly site: string
  readonly nonce: string
  readonly state: string | undefined
}

/** @throws SessionHubError `request_invalid` */
function readFrameRequest({ url, headers }: HubRequest): FrameRequest {
  // R16: anything but a frame in a page has no business here.
  if (headers['sec-fetch-dest'] !== 'iframe')
    throw new SessionHubError('request_invalid', 'This document is for an iframe')
  const query = new URLSearchParams(url.slice(url.indexOf('?')))
  const [site, nonce, state] = [query.get('site'), query.get('nonce'), query.get('state')]
  if (!site) throw new SessionHubError('request_invalid', 'The address lacks "site"')
  if (!is256Bits(nonce))
    throw new SessionHubError('request_invalid', 'The "nonce" has to be 43 base64url characters') // R12
  return { site, nonce, state: is128Bits(state) ? state : undefined }
}

/**
 * Whether the page that embeds the frame is the site's. The SDK's frame always sends its page's origin; a page that hides it
 * gets nothing either, for otherwise a stranger would hide his (R14).
 */
const isAskedBy = (referer: string | undefined, site: string) =>
  referer !== undefined && referer.startsWith(`${site}/`)

const frameHeaders = (policy: string) => ({
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; base-uri 'none'; form-action 'none'; ${policy}`,
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
})

const refusedHeaders = frameHeaders("frame-ancestors 'none'")

function send(
  res: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  html: string,
): void {
  res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(html) })
  res.end(html)
}
