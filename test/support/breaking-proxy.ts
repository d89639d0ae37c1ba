/** What proxies, firewalls and middleware do to the traffic of a hub or a site: it stands before a real one, and breaks one thing at a time. */
import { type IncomingMessage, ServerResponse } from 'node:http'

import type { RequestHandler } from 'express'

export interface Break {
  /** Changes what arrives. */
  readonly request?: (req: IncomingMessage) => void
  /** Changes the head of the answer, when it goes out. */
  readonly head?: (head: Head, req: IncomingMessage) => void
  /** Changes the body, where it is sent at once. */
  readonly body?: (text: string, req: IncomingMessage) => string
  /** Does something else with it, in the application's place or before it. */
  readonly instead?: RequestHandler
}

export interface Head {
  get(name: string): string
  set(name: string, value: string | readonly string[]): void
  remove(name: string): void
  /** Changes each cookie that goes out; an empty text drops it. */
  cookies(change: (line: string) => string): void
}

export interface BreakingProxy {
  readonly handler: RequestHandler
  breaks(how: Break): void
  mend(): void
}

export function createBreakingProxy(): BreakingProxy {
  let how: Break = {}
  return {
    handler(req, res, next) {
      const { request, head, body, instead } = how
      request?.(req)
      if (head ?? body) change(res, req, { ...(head && { head }), ...(body && { body }) })
      if (instead) void instead(req, res, next)
      else next()
    },
    breaks(given) {
      how = given
    },
    mend() {
      how = {}
    },
  }
}

/** Past whatever the hub or the site has put around the answer: a proxy stands outside of it. */
const outside = ServerResponse.prototype

function change(res: ServerResponse, req: IncomingMessage, { head, body }: Break): void {
  const writeHead: (status: number) => ServerResponse = res.writeHead.bind(res)
  const end = res.end.bind(res) as (body?: unknown) => ServerResponse
  const onWay: Head = {
    get: (name) => [outside.getHeader.call(res, name) ?? ''].flat().join(', '),
    set(name, value) {
      outside.setHeader.call(res, name, value)
    },
    remove(name) {
      outside.removeHeader.call(res, name)
    },
    cookies(edit) {
      const lines = [outside.getHeader.call(res, 'set-cookie') ?? []].flat().map(String)
      if (lines.length > 0) this.set('set-cookie', lines.map(edit).filter(Boolean))
    },
  }
  res.writeHead = (status: number, ...given: unknown[]) => {
    const headers = given.find((part) => typeof part === 'object' && part !== null) ?? {}
    for (const [name, value] of Object.entries(headers)) onWay.set(name, value as string)
    if (body) onWay.remove('content-length')
    head?.(onWay, req)
    return writeHead(status)
  }
  if (!body) return
  res.end = (given?: unknown) => {
    if (!res.headersSent) res.writeHead(res.statusCode)
    return end(typeof given === 'string' || given instanceof Buffer ? body(String(given), req) : given)
  }
}
