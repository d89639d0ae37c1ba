/** A visit to a Node server, plain or with Express or another framework. */
import { type IncomingMessage, ServerResponse } from 'node:http'

import { parsedBody, readText } from '../../http/node/body.js'
import { openEventsOn } from '../../http/node/events.js'
import { refuseLongAddress } from '../../http/node/long-address.js'
import { addCookies, addPrivateHeader } from '../../http/node/own-headers.js'
import { peerAddress } from '../../http/node/peer-address.js'
import { sendReply } from '../../http/node/reply.js'
import { isProxyUntrusted } from '../../http/node/untrusted-proxy.js'
import type { Reply } from '../../http/reply.js'
import type { Visit } from '../visit.js'

const AUTHORITY = ':authority'

/** The members that frameworks add. */
type NodeRequest = IncomingMessage & {
  readonly ip?: string | undefined
  readonly originalUrl?: string
  readonly body?: unknown
}

/** Frameworks such as Fastify have a request of their own that wraps Node's. */
export type Wrapped<Own> = Own | { readonly raw: Own }

/** @param given the response; an upgrade request has none, and `site.session()(req, {}, next)` is a usual way to ask who opens a web socket */
export function visitOf(
  request: Wrapped<IncomingMessage>,
  given: unknown,
  property: string,
  proxyHops = 0,
): NodeVisit {
  const req = requestOf(request)
  return new NodeVisit(req, answerOf(given) ?? noAnswer(req), property, proxyHops)
}

export const requestOf = (given: Wrapped<IncomingMessage>): IncomingMessage =>
  'raw' in given ? given.raw : given

/** A class, because there is one per request: an object literal would create each member anew. */
export class NodeVisit implements Visit {
  constructor(
    readonly request: NodeRequest,
    readonly answer: ServerResponse,
    readonly property: string,
    readonly proxyHops: number,
  ) {}

  get method() {
    return this.request.method
  }

  get headers() {
    const { headers } = this.request
    const { [AUTHORITY]: host } = headers
    // HTTP/2 names the host differently (RFC 9113, section 8.3.1).
    return typeof host === 'string' ? { ...headers, host } : headers
  }

  get url() {
    return below(this.request.url ?? '/')
  }

  get fullUrl() {
    return below(this.request.originalUrl ?? this.request.url ?? '/')
  }

  get address() {
    // The address after Express has applied its `trust proxy`.
    return 'ip' in this.request ? this.request.ip : peerAddress(this.request, this.proxyHops)
  }

  get isProxyUntrusted() {
    return isProxyUntrusted(this.request, this.address)
  }

  get body() {
    return parsedBody(this.request)
  }

  get isOpen() {
    return !this.answer.headersSent
  }

  get openEvents() {
    return openEventsOn(this.answer)
  }

  get shown(): unknown {
    const shown: unknown = Reflect.get(this.request, this.property)
    return shown
  }

  show(session: object): void {
    Reflect.set(this.request, this.property, session)
  }

  whenSent(act: () => void): void {
    this.answer.once('finish', act)
  }

  readText(maxBytes: number): Promise<string> {
    return readText(this.request, maxBytes)
  }

  addCookies(cookies: readonly string[]): void {
    addCookies(this.answer, cookies)
  }

  addHeader(name: string, value: string): void {
    addPrivateHeader(this.answer, name, value)
  }

  refuseAddress(): void {
    refuseLongAddress(this.request, this.answer)
  }

  reply(reply: Reply): void {
    sendReply(this.answer, reply)
  }
}

/** The path and the query. Some proxies send the whole address (RFC 9112, section 3.2.2); the host is still the one in the headers. */
const below = (url: string) =>
  url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?]*(\/?)/i, (_all, slash: string) => slash || '/')

/** A visit for a request that is only read: nothing is put on the request, and nothing is added to its answer, if it has one. */
export class UnansweredVisit extends NodeVisit {
  constructor(request: NodeRequest) {
    super(request, noAnswer(request), '', 0)
  }

  override get shown(): undefined {
    return undefined
  }

  override show(): void {
    // Nobody looks for a session on this request.
  }
}

/** A response that counts as sent: nothing can be added to it, so a session can be read, but none can begin. */
function noAnswer(req: IncomingMessage): ServerResponse {
  const none = new ServerResponse(req)
  Object.defineProperty(none, 'headersSent', { value: true })
  return none
}

function answerOf(given: unknown): ServerResponse | undefined {
  if (isAnswer(given)) return given
  const inside: unknown =
    typeof given === 'object' && given !== null && 'raw' in given ? given.raw : undefined
  return isAnswer(inside) ? inside : undefined
}

const isAnswer = (given: unknown): given is ServerResponse =>
  typeof given === 'object' &&
  given !== null &&
  typeof Reflect.get(given, 'setHeader') === 'function' &&
  typeof Reflect.get(given, 'writeHead') === 'function'
