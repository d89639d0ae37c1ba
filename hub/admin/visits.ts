/** A visit to one of the pages by somebody who may see it. */
import type { Request, RequestHandler, Response } from 'express'

import { queryOf } from '../../sdk/http/navigation.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { HubContext } from '../flows/context.js'
import { mayChangeSites } from '../flows/permissions.js'
import { formTag, readOwnForm } from './forms.js'
import type { Asking, Guard } from './guard.js'
import type { Visit } from './layout.js'
import { paths } from './paths.js'

export interface Look {
  readonly by: Asking
  readonly visit: Visit
  readonly query: URLSearchParams
}

export interface Act {
  readonly by: Asking
  readonly visit: Visit
  readonly form: URLSearchParams
}

/** Shows a page. A visitor who is not signed in is sent to the sign-in page. */
export const looked =
  (hub: HubContext, guard: Guard, show: (look: Look, res: Response) => Promise<void>): RequestHandler =>
  async (req, res) => {
    const by = await guard.who(req)
    if (by)
      await show(
        { by, visit: visitOf(hub, req, res, by, guard.hasSites), query: queryOf(req.originalUrl) },
        res,
      )
    else if (guard.hasSignIn) res.redirect(303, paths.signIn)
    else throw nobody()
  }

/** Handles a form that was sent. Nothing else changes anything (R32). */
export const acted =
  (hub: HubContext, guard: Guard, act: (given: Act, res: Response) => Promise<void>): RequestHandler =>
  async (req, res) => {
    const by = await guard.who(req)
    if (!by) throw nobody()
    const form = await readOwnForm(hub, req, by.name)
    await act({ by, visit: visitOf(hub, req, res, by, guard.hasSites), form }, res)
  }

export function visitOf(
  hub: HubContext,
  req: Request,
  res: Response,
  by: Pick<Asking, 'name' | 'signIn' | 'permissions'> = { name: '', permissions: [] },
  hasSites = false,
): Visit {
  const { name, signIn } = by
  const visit = {
    name,
    canSignOut: signIn !== undefined,
    hasSites: hasSites && mayChangeSites(by),
    formTag: formTag(hub, req, res, name),
  }
  // A page that reports a fault has the same head, so that its reader can sign out.
  res.locals['visit'] = visit
  return visit
}

const nobody = () => new SessionHubError('sign_in_required', 'No administrator of this hub is signed in')
