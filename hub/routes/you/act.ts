/** `POST /you`: handles a form of the visitor's own page. */
import type { ServerResponse } from 'node:http'

import { readForm } from '../../../sdk/http/body.js'
import { bodyOf } from '../../../sdk/http/node/body.js'
import { addCookies } from '../../../sdk/http/node/own-headers.js'
import { sendOn } from '../../../sdk/http/node/reply.js'
import { SessionHubError } from '../../../sdk/protocol/errors.js'
import { hubPaths } from '../../../sdk/protocol/wire.js'
import type { HubContext } from '../../flows/context.js'
import { endOwnDevice, forgetOwn, type OwnHandle, signOutOwn } from '../../flows/own-sessions.js'
import type { SiteRegistry } from '../../sites/registry.js'
import { hubCookie, turnCookies } from '../cookies.js'
import type { Limiters } from '../limits.js'
import { backOnCookie, hubOffCookie } from '../opt-out.js'
import type { HubRequest } from '../request.js'
import { type Act, acts } from './document.js'
import { doneCookie } from './done.js'
import { sendFault } from './fault.js'
import { isOwnForm, ownHandles } from './request.js'

export const youActRoute =
  (hub: HubContext, sites: SiteRegistry, limiters: Limiters) =>
  async (req: HubRequest, res: ServerResponse): Promise<void> => {
    try {
      const form = await readForm(bodyOf(req))
      const handles = ownHandles(req)
      // R38: refused before it is counted. Otherwise a stranger's forms could keep somebody from signing out.
      if (!isOwnForm(hub, req, handles, form.get('form')))
        throw new SessionHubError(
          'origin_denied',
          'Only a form of this page may do this; open the page again',
        )
      const act = acts.find((one) => one === form.get('act'))
      if (!act) throw new SessionHubError('request_invalid', 'There is no such button')
      await limiters.address(req.ip, 'you')
      const cookies = await done({ hub, sites, req, handles }, act, form.get('ref') ?? '')
      addCookies(res, [...cookies, doneCookie(act)])
      sendOn(req, res, `${hub.origin}${hubPaths.you}`)
    } catch (thrown) {
      sendFault(hub, res, thrown)
    }
  }

/** @returns the cookies that the answer sets */
async function done({ hub, sites, req, handles }: Asked, act: Act, ref: string): Promise<readonly string[]> {
  switch (act) {
    case 'end':
      await endOwnDevice(hub, sites, handles, ref)
      return []
    case 'on':
      return [backOnCookie()]
    case 'off':
      await forgetOwn(hub, handles)
      return [
        hubOffCookie(req.headers, { group: '' }, true),
        ...handles.map(({ group }) => hubCookie({ group }, '')),
        ...turned(req, handles),
      ]
    default:
      await signOutOwn(hub, handles, act === 'everywhere')
      return turned(req, handles)
  }
}

interface Asked {
  readonly hub: HubContext
  readonly sites: SiteRegistry
  readonly req: HubRequest
  readonly handles: readonly OwnHandle[]
}

/** Shows open frames that the session has ended. */
const turned = (req: HubRequest, handles: readonly OwnHandle[]): string[] =>
  handles.flatMap(({ group }) => turnCookies(req, { group }, { outcome: 'none', turn: '' }))
