/** Signs in with a token, and signs out. */
import express, { type Router } from 'express'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import { type Administration, noteSignIn, signOutRow } from '../flows/administer.js'
import { type Admin, mayChangeSites, mayRead } from '../flows/permissions.js'
import { readOwnForm } from './forms.js'
import { addressOf, type Guard } from './guard.js'
import { send } from './layout.js'
import { paths, sitePaths } from './paths.js'
import { signIn, signOut } from './sign-in.js'
import { signInPage } from './sign-in-page.js'
import { acted, visitOf } from './visits.js'

export function signInPages(at: Administration, guard: Guard): Router {
  const { hub } = at
  const router = express.Router()
  if (!guard.hasSignIn) return router

  router.get(paths.signIn, async (req, res) => {
    const by = await guard.who(req)
    if (by) {
      res.redirect(303, startOf(by, guard))
      return
    }
    const visit = visitOf(hub, req, res)
    send(res, 200, visit, signInPage(visit, ''))
  })

  router.post(paths.signIn, async (req, res) => {
    const form = await readOwnForm(hub, req, '')
    try {
      const holder = await guard.tryToken(req, form.get('token') ?? '')
      await noteSignIn(at, { name: holder.name, from: addressOf(req) }, 'done')
      signIn(hub, res, holder)
      res.redirect(303, startOf(holder, guard))
    } catch (thrown) {
      const words = faultOf(thrown)
      if (words === undefined) throw thrown
      const { status, retryAfterSeconds } = thrown as SessionHubError
      if (retryAfterSeconds !== undefined) res.setHeader('retry-after', retryAfterSeconds)
      const visit = visitOf(hub, req, res)
      send(res, status, visit, signInPage(visit, words))
    }
  })

  router.post(
    paths.signOut,
    acted(hub, guard, async ({ by }, res) => {
      if (by.signIn) await signOut(hub, res, by.signIn, signOutRow(at, by))
      res.redirect(303, paths.signIn)
    }),
  )
  return router
}

/** An administrator who may only administer sites begins there. */
const startOf = (admin: Admin, { hasSites }: Guard): string =>
  hasSites && mayChangeSites(admin) && !mayRead(admin) ? sitePaths.sites : paths.sessions

/** Faults that belong on the form. Anything else is a fault of another kind. */
function faultOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof SessionHubError)) return undefined
  if (thrown.code === 'sign_in_required') return 'The hub does not know this token.'
  if (thrown.code !== 'rate_limited') return undefined
  const minutes = Math.ceil((thrown.retryAfterSeconds ?? 0) / 60)
  return `Too many wrong tokens came from your network. Wait ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`
}
