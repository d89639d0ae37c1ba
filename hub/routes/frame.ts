/** `GET /frame` and `GET /access`: the frame's document, hidden or with its button, with the decision inside. */
import type { ServerResponse } from 'node:http'

import { queryOf, saysNothing, single } from '../../sdk/http/navigation.js'
import { boundedCache } from '../../sdk/http/bounded-cache.js'
import { addCookies } from '../../sdk/http/node/own-headers.js'
import { sendReply } from '../../sdk/http/node/reply.js'
import type { ErrorReply } from '../../sdk/http/reply.js'
import { removeTargeted } from '../../sdk/http/shared-caches.js'
import { SessionHubError, toSessionHubError } from '../../sdk/protocol/errors.js'
import { is128Bits, is256Bits } from '../../sdk/protocol/formats.js'
import type { FrameMessage } from '../../sdk/protocol/messages.js'
import { logError } from '../../sdk/settings/log.js'
import type { HubContext } from '../flows/context.js'
import { type Answer, answerFrame } from '../flows/frame.js'
import { frameProof } from '../flows/tags.js'
import type { PageScript } from '../page-scripts.js'
import type { SiteRegistry } from '../sites/registry.js'
import type { Site } from '../sites/site.js'
import { hubHandleHash, isOwnSite, isServedToOneJar, storageAccess } from './access.js'
import type { HubRequest, Route } from './request.js'
import { turnCookies, withTurn } from './cookies.js'
import type { FindSiteFor } from './find-site.js'
import type { Limiters } from './limits.js'
import { hasOptedOut } from './opt-out.js'
import { dataElement, pageHeaders, sendPage, sendRefusedPage } from './page.js'
import { renewedCookies } from './renewal.js'

/** The data in the document is padded to this length, so that the length tells a stranger nothing about the outcome (R14). */
const DATA_LENGTH = 5120

/** A page with an embedder policy of its own (COEP, either kind) embeds only documents that have such a policy and allow embedding. */
const EMBEDDABLE = {
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'cross-origin',
}

export interface FrameRoute {
  readonly hub: HubContext
  readonly findSite: FindSiteFor
  readonly limiters: Limiters
  /** The endpoint's path, for the log. */
  readonly path: string
  readonly script: PageScript
  /** Reads what the frame shows. @throws SessionHubError `request_invalid` */
  readonly appearance: (query: URLSearchParams) => Appearance
  /** How long after its document was sent the frame may still ask. */
  readonly proofMs: number
}

/** What a frame shows; the same for every outcome. */
export interface Appearance {
  /** The HTML before the data: head and body, without the document type. */
  readonly html: string
  /** The part of the policy that allows the frame's style. */
  readonly policy: string
}

const nothing: Appearance = { html: '', policy: '' }

/** What `GET /frame` shows: nothing. */
export const hiddenFrame = () => nothing

export function frameRoute({ hub, findSite, limiters, path, script, appearance, proofMs }: FrameRoute) {
  return async (req: HubRequest, res: ServerResponse): Promise<void> => {
    let asked
    try {
      asked = readFrameRequest(req, appearance)
      // Every visitor gets the same bytes, known or not (R14).
      const site = await findSite(asked.site, req.ip)
      const isOwn = isAskedBy(req.headers.referer, site.origin)
      // R38: requests that a stranger's page causes do not count against the site's visitors.
      await limiters.address(req.ip, isOwn ? `${site.registeredAs} frame` : 'stranger')
      await answer(req, res, site, { ...asked, isOwn })
    } catch (thrown) {
      sendRefusedPage(res, hub.log, thrown, path, asked?.site)
    }
  }

  async function answer(
    req: HubRequest,
    res: ServerResponse,
    site: Site,
    asked: FrameRequest & { readonly isOwn: boolean },
  ): Promise<void> {
    const { headers } = req
    const { nonce, state, shown, isOwn } = asked
    const hash = hubHandleHash(headers, site)
    const hasAccess = !saysNothing(req) && isServedToOneJar(headers, site)
    const isOff = hasOptedOut(headers, site)
    let status = 200
    let told: Answer
    const more: Record<string, string> = {}
    try {
      if (saysNothing(req)) {
        // Nothing shows whether this is a frame, and whose cookies it has: the page is told to use another rung (R16).
        told = { outcome: 'blocked', reason: 'access_denied' }
      } else if (isOwn) {
        const activate = activation(storageAccess(headers), site.origin)
        if (activate !== undefined) more['activate-storage-access'] = activate
        if (hash !== undefined && hasAccess) await limiters.session(hash, `${site.registeredAs} frame`)
        told = await answerFrame(hub, { site, nonce, state, hubHandleHash: hash, hasAccess, isOff })
        addCookies(res, turnCookies(req, site, told))
        if (told.turn && isOwnSite(headers)) addCookies(res, await renewedCookies(hub, req, site, path))
      } else {
        // R14: a stranger's page that frames this learns nothing, and the answer takes the same time.
        told = { outcome: 'blocked', reason: 'referrer_missing' }
      }
    } catch (thrown) {
      // The page is told at once, and does not have to wait for its time limit.
      const error = toSessionHubError(thrown)
      logError(hub.log, error, path)
      status = error.status
      const { retryAfterSeconds: retryAfter } = error
      if (retryAfter !== undefined) more['retry-after'] = String(retryAfter)
      told = { outcome: 'failed', reason: error.code, ...(retryAfter !== undefined && { retryAfter }) }
    }
    hub.meter?.synced(path === '/frame' ? 'frame' : 'access', told.outcome)
    const message: FrameMessage = { sessionHub: 1, nonce, ...withTurn(req, site, told) }
    const proof = frameProof(hub.secret, { site: site.origin, nonce, hasAccess }, hub.now(), proofMs)
    const data = dataElement({ site: site.origin, state, proof, message }, DATA_LENGTH)
    sendFrame(res, status, { site: site.origin, script, shown, data, more })
  }
}

interface FrameDocument {
  /** The one origin that may embed the document (R14). */
  readonly site: string
  readonly script: PageScript
  readonly shown: Appearance
  readonly data: string
  readonly more: Readonly<Record<string, string>>
}

function sendFrame(
  res: ServerResponse,
  status: number,
  { site, script, shown, data, more }: FrameDocument,
): void {
  sendPage(
    res,
    status,
    { ...frameHeaders(site, script, shown), ...more },
    `${shown.html}${data}<script>${script.source}</script>`,
  )
}

const frameHeaders = (site: string, script: PageScript, shown: Appearance) => ({
  ...pageHeaders(`script-src ${script.cspHash}; ${shown.policy}connect-src 'self'`, site),
  ...EMBEDDABLE,
})

interface BusyDocument {
  readonly headers: Readonly<Record<string, string>>
  /** The parts of the document around the nonce. */
  readonly before: string
  readonly after: string
}

/** Stands for a nonce and is as long as one. A visitor's own nonce could also occur elsewhere in the document. */
const ANY_NONCE = 'nonce'.padStart(43, '_')

/** Each takes six kilobytes. */
const MOST_BUSY_DOCUMENTS = 1000

/**
 * The hidden frame of an overloaded hub tells its page when to ask again. The hub looks up no visitor for it, so it is the
 * same for every visitor (R14). It looks up no site either, unless it has found that site before.
 */
export function busyFrameRoute(
  sites: Pick<SiteRegistry, 'find' | 'isKnown'>,
  script: PageScript,
  busy: ErrorReply,
): Route {
  const { code: reason, retryAfterSeconds: retryAfter = 1 } = busy.error
  const more = { 'retry-after': String(retryAfter) }
  /** By site: only the nonce differs each time, and the cost of a refusal is taken from the requests that are answered. */
  const documents = boundedCache<BusyDocument>(MOST_BUSY_DOCUMENTS)

  function documentFor(site: string): BusyDocument {
    const known = documents.get(site)
    if (known) return known
    const message: FrameMessage = { sessionHub: 1, nonce: ANY_NONCE, outcome: 'failed', reason, retryAfter }
    // The proof is empty: with this document nobody may ask the hub anything.
    const data = dataElement({ site, proof: '', message }, DATA_LENGTH)
    const html = `<!doctype html>${data}<script>${script.source}</script>`
    const [before = '', after = ''] = html.split(ANY_NONCE)
    const headers = {
      ...frameHeaders(site, script, hiddenFrame()),
      ...more,
      'content-length': String(Buffer.byteLength(html)),
    }
    const made = { headers, before, after }
    documents.set(site, made)
    return made
  }

  return async (req, res) => {
    try {
      const { site, nonce } = readFrameRequest(req, hiddenFrame)
      const found = sites.isKnown(site) ? await sites.find(site) : undefined
      if (found) {
        const { headers, before, after } = documentFor(found.origin)
        removeTargeted(res)
        res.writeHead(busy.status, headers)
        res.end(`${before}${nonce}${after}`)
        return
      }
    } catch {
      // An overloaded hub does not look into the fault: it sends the plain refusal.
    }
    sendReply(res, busy)
  }
}

/**
 * R17: if the browser remembers that the visitor has granted this site access to the hub's cookies, one header makes it fetch the document
 * again with them (`retry`), and gives them to the frame's own requests (`load`). The header names the one site.
 */
function activation(said: ReturnType<typeof storageAccess>, site: string): string | undefined {
  if (said === 'active') return 'load'
  return said === 'inactive' ? `retry; allowed-origin="${site}"` : undefined
}

interface FrameRequest {
  readonly site: string
  readonly nonce: string
  readonly state: string | undefined
  readonly shown: Appearance
}

/** @throws SessionHubError `request_invalid` */
function readFrameRequest(req: HubRequest, appearance: FrameRoute['appearance']): FrameRequest {
  const { url, headers } = req
  // R16: only a frame in a page may ask for this document. A browser that does not say what it asks for gets a document without a decision.
  if (headers['sec-fetch-dest'] !== 'iframe' && !saysNothing(req))
    throw new SessionHubError('request_invalid', 'This document is only for an iframe')
  const query = queryOf(url)
  const [site, nonce, state] = [single(query, 'site'), single(query, 'nonce'), single(query, 'state')]
  if (!site) throw new SessionHubError('request_invalid', 'The address lacks "site"')
  if (!is256Bits(nonce))
    throw new SessionHubError('request_invalid', 'The "nonce" has to be 43 base64url characters') // R12
  return { site, nonce, state: is128Bits(state) ? state : undefined, shown: appearance(query) }
}

/**
 * Whether the embedding page belongs to the site. The SDK's frame always sends the origin of its page. A page that hides its origin
 * gets nothing, because otherwise a stranger would hide it (R14).
 */
const isAskedBy = (referer: string | undefined, site: string) =>
  referer !== undefined && referer.startsWith(`${site}/`)
