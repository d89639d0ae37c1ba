/** "Your devices": where the user is signed in, and how to end each session. */
import express, { type Request, type Router } from 'express'
import { SessionHubError, type Site, type UserSession } from 'session-hub/site'

import { answer, answerInWords, forms } from './forms.js'
import { readRef } from './input.js'
import type { AccountPage } from './pages/account-page.js'
import { devicesPage } from './pages/devices-page.js'

const PATH = '/devices'

/** @param page the parts around the content */
export function devices(site: Site, page: (req: Request) => AccountPage): Router {
  const router = express.Router()
  router.use(forms(PATH, site))

  router.get(PATH, async (req, res) => {
    const sessions = await sessionsOf(site, req)
    res.send(devicesPage(page(req), sessions).text)
  })

  router.post(`${PATH}/end`, async (req, res) => {
    // Only one of this user's own sessions: the `ref` of anybody else's ends nothing.
    const wasLive = await site.endSession(req, readRef(req.body))
    answer(res, PATH, wasLive ? 'ended' : 'gone')
  })

  router.post(`${PATH}/end-others`, async (req, res) => {
    await site.endOtherSessions(req)
    answer(res, PATH, 'others')
  })

  router.post(`${PATH}/sign-out-everywhere`, async (req, res) => {
    await site.signOut(req, res, { everywhere: true })
    answer(res, PATH, 'everywhere')
  })

  router.use(PATH, answerInWords(PATH))
  return router
}

/** `null` while the hub cannot be reached; `undefined` if nobody is signed in, which may be new. */
async function sessionsOf(site: Site, req: Request): Promise<readonly UserSession[] | null | undefined> {
  try {
    return await site.sessions(req)
  } catch (error) {
    const { code } = error instanceof SessionHubError ? error : {}
    if (code === 'sign_in_required') return undefined
    if (code === 'unavailable') return null
    throw error
  }
}
