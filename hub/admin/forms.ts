/** The forms of the admin pages: no other page can send one, whatever cookies a browser adds (R32). */
import type { IncomingMessage, ServerResponse } from 'node:http'

import { readForm } from '../../sdk/http/body.js'
import { bodyOf } from '../../sdk/http/node/body.js'
import { readCookie } from '../../sdk/http/cookies.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { is128Bits } from '../../sdk/protocol/formats.js'
import { random128 } from '../../sdk/tokens/random.js'
import type { HubContext } from '../flows/context.js'
import { adminTag, isTag } from '../flows/tags.js'
import { setStrict } from './sign-in.js'

/** Set in each browser that has seen an admin page. It is worth nothing without the hub's secret. */
const COOKIE = '__Host-session-hub-admin-form'
const FIELD = 'form'

/**
 * What every form has to return: a tag of this browser's cookie and of the user who is signed in.
 *
 * @param name the administrator's name; empty before the sign-in
 */
export function formTag(hub: HubContext, req: IncomingMessage, res: ServerResponse, name: string): string {
  let cookie = cookieOf(req)
  if (cookie === undefined) setStrict(res, COOKIE, (cookie = random128()))
  return tag(hub, cookie, name)
}

/** @throws SessionHubError `origin_denied`, and the faults of the body */
export async function readOwnForm(
  hub: HubContext,
  req: IncomingMessage,
  name: string,
): Promise<URLSearchParams> {
  const { origin, 'sec-fetch-site': relation = 'same-origin' } = req.headers
  if (origin !== hub.origin || relation !== 'same-origin') throw denied()
  const form = await readForm(bodyOf(req))
  const cookie = cookieOf(req)
  if (cookie === undefined || !isTag(form.get(FIELD) ?? '', tag(hub, cookie, name))) throw denied()
  return form
}

function cookieOf({ headers }: IncomingMessage): string | undefined {
  const value = readCookie(headers.cookie, COOKIE)
  return is128Bits(value) ? value : undefined
}

const tag = ({ secret }: HubContext, cookie: string, name: string) =>
  adminTag(secret, 'form', `${cookie}\n${name}`)

const denied = () =>
  new SessionHubError('origin_denied', 'Only a form of this hub’s own pages may do this; open the page again')
