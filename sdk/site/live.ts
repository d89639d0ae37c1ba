/**
 * `GET <endpoint>/live`: an open page hears when its session ends, from its own site. Server-sent events; for sites that turn it on
 * (`live: true`).
 */
import type { Request, Response } from 'express'

import { SessionHubError } from '../protocol/errors.js'
import type { EndReason } from '../protocol/wire.js'
import type { SiteContext } from './context.js'
import { loadSession } from './load.js'
import { isCode } from './session.js'

const BEAT_MS = 20_000

/** So many open pages in one process; a page that finds no place looks by itself, as without this. */
const MOST = 20_000

export function createLive(site: SiteContext) {
  let open = 0

  return async (_site: SiteContext, req: Request, res: Response): Promise<void> => {
    // EventSource sends no Origin to its own; this header no page can write (R18).
    if (req.headers['sec-fetch-site'] !== 'same-origin')
      throw new SessionHubError('origin_denied', 'Only pages of this site may listen')
    const session = await loadSession(site, req, res)
    const { token } = session
    if (token?.sk === undefined || open >= MOST) {
      // EventSource takes this for the end, and does not come again.
      res.writeHead(204, { 'cache-control': 'no-store' }).end()
      return
    }
    open += 1
    res.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
    })
    res.write(':\n\n')
    const tell = (reason: EndReason) => {
      res.end(`event: ended\ndata: ${JSON.stringify({ reason })}\n\n`)
    }
    const { sk } = token
    const leave = site.endings.watch(token, (reason, isSure) => {
      if (isSure) tell(reason)
      // Of all the user's sessions one may have been spared.
      else
        void site.hub.read(sk).catch((error: unknown) => {
          if (isCode(error, 'session_ended')) tell(reason)
        })
    })
    const beat = setInterval(() => res.write(':\n\n'), BEAT_MS).unref()
    res.on('close', () => {
      clearInterval(beat)
      leave()
      open -= 1
    })
  }
}
