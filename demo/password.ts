/** "Change your password": a page for which an old sign-in is not enough. */
import express, { type ErrorRequestHandler, type Request, type Router } from 'express'
import { SessionHubError, type Site } from 'session-hub/site'

import { answer, answerInWords, forms } from './forms.js'
import type { AccountPage } from './pages/account-page.js'
import { passwordPage } from './pages/password-page.js'

const PATH = '/password'

/** Use some minutes on a site of your own. The demo uses one minute, so that you can wait for it. */
const RECENT_SECONDS = 60

/** @param page the parts around the content */
export function password(site: Site, page: (req: Request) => AccountPage): Router {
  const router = express.Router()
  router.use(forms(PATH, site))
  router.use(PATH, site.requireRecent(RECENT_SECONDS))

  router.get(PATH, (req, res) => {
    res.send(passwordPage(page(req), { isRecent: true }).text)
  })

  router.post(PATH, async (req, res) => {
    // A site of your own stores the new password here. Other sessions that began with the old password end.
    await site.endOtherSessions(req)
    answer(res, PATH, 'changed')
  })

  router.use(PATH, askToSignIn(page), answerInWords(PATH))
  return router
}

const askToSignIn =
  (page: (req: Request) => AccountPage): ErrorRequestHandler =>
  (thrown: unknown, req, res, next) => {
    const isOld = thrown instanceof SessionHubError && thrown.code === 'sign_in_required'
    if (isOld && req.method === 'GET') res.send(passwordPage(page(req), { isRecent: false }).text)
    else next(thrown)
  }
