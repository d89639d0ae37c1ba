/**
 * `/unlock`: a small page of the hub's own, in a popup that the site opens. A click there counts as a visit to the hub, after
 * which some browsers give the hub's frame its cookies. The hub keeps no record of it.
 */
import type { ServerResponse } from 'node:http'

import { readJsonBody } from '../../sdk/http/body.js'
import { countedHeader } from '../../sdk/http/counted-as.js'
import { bodyOf } from '../../sdk/http/node/body.js'
import { isNavigation, queryOf, single } from '../../sdk/http/navigation.js'
import { addCookies } from '../../sdk/http/node/own-headers.js'
import { sendJson } from '../../sdk/http/node/reply.js'
import { parseEmptyBody } from '../../sdk/protocol/bodies.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { hubPaths } from '../../sdk/protocol/wire.js'
import type { HubContext } from '../flows/context.js'
import { cspHash, type PageScript } from '../page-scripts.js'
import type { HubRequest } from './request.js'
import { seenCookie } from './cookies.js'
import type { FindSiteFor } from './find-site.js'
import type { Limiters } from './limits.js'
import { requireOwnPage } from './own-page.js'
import { dataElement, escaped, pageHeaders, sendPage, sendRefusedPage } from './page.js'

const STYLE = `:root{color-scheme:light dark;--c:#1b1f29;--p:#fff;--t:#fff;--b:#1c4fc4}
@media(prefers-color-scheme:dark){:root{--c:#e9ecf4;--p:#10131a;--t:#10131a;--b:#9db9ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--p);color:var(--c);font:1rem/1.5 system-ui,sans-serif}
main{min-height:100vh;padding:1.5rem;display:grid;place-content:center;justify-items:center;gap:1.25rem;text-align:center}
p{max-width:34rem;margin:0;overflow-wrap:anywhere}
button{min-height:3rem;padding:.5em 2em;border:0;border-radius:8px;background:var(--b);color:var(--t);font:inherit;font-weight:600;cursor:pointer}
button:focus-visible{outline:3px solid var(--b);outline-offset:3px}
@media(forced-colors:active){button{border:1px solid}}`

/** `GET /unlock?site=<origin>` */
export function unlockPageRoute(
  hub: HubContext,
  findSite: FindSiteFor,
  limiters: Limiters,
  script: PageScript,
) {
  const headers = {
    ...pageHeaders(`script-src ${script.cspHash}; style-src ${cspHash(STYLE)}; connect-src 'self'`),
    // R25: this page has to reach its opener, whatever the application sets for its other pages.
    'cross-origin-opener-policy': 'unsafe-none',
  }

  return async (req: HubRequest, res: ServerResponse): Promise<void> => {
    let origin
    try {
      // In a frame the page would be in a partition, and so would what it sets.
      if (!isNavigation(req) || req.headers['sec-fetch-dest'] !== 'document')
        throw new SessionHubError('request_invalid', 'This page is only for a window of its own')
      origin = single(queryOf(req.url), 'site')
      if (!origin) throw new SessionHubError('request_invalid', 'The address lacks "site"')
      const site = await findSite(origin, req.ip)
      await limiters.address(req.ip, 'unlock')
      sendPage(res, 200, headers, documentFor(site.origin))
    } catch (thrown) {
      sendRefusedPage(res, hub.log, thrown, hubPaths.unlock, origin)
    }
  }

  function documentFor(site: string): string {
    const [here, there] = [hub.origin, site].map((origin) => escaped(new URL(origin).host))
    return `<html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width"><title>Continue to ${there}</title><style>${STYLE}</style><main><p><b>${here}</b> needs one click from you, so that it may share your session with <b>${there}</b>.</p><button type=button>Continue</button><p role=status></p></main>${dataElement({ site })}<script>${script.source}</script>`
  }
}

/** `POST /unlock`: sets the marker that only one of the hub's own pages can set. */
export const unlockRoute =
  (hub: HubContext, limiters: Limiters) =>
  async (req: HubRequest, res: ServerResponse): Promise<void> => {
    requireOwnPage(req, hub.origin)
    await limiters.address(req.ip, 'unlock')
    parseEmptyBody(await readJsonBody(bodyOf(req)))
    addCookies(res, [seenCookie()])
    sendJson(res, 200, {}, countedHeader(req.headers, req.ip))
  }
