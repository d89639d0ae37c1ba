/** Pages that use forms, so that they need no script. The answer to a form is a redirect, so a reload sends nothing again. */
import express, { type ErrorRequestHandler, type Response, type Router } from 'express'
import { SessionHubError, type Site } from 'session-hub/site'

import { readName } from './input.js'
import { isSaying, type Saying } from './pages/sayings.js'

/** The parser, the header and the sign-in that such a page needs. Put it behind `ownPagesOnly`, because other sites can send forms too. */
export function forms(path: string, site: Site): Router {
  const router = express.Router()
  router.use(path, express.urlencoded({ extended: false, limit: '1kb' }), (_req, res, next) => {
    res.set('cache-control', 'no-store')
    next()
  })
  router.post(`${path}/sign-in`, async (req, res) => {
    const name = readName(req.body)
    await site.signIn(req, res, { subject: name, claims: { name } })
    res.redirect(303, path)
  })
  return router
}

/** Redirects back to the page, which shows the sentence. */
export function answer(res: Response, path: string, saying: Saying): void {
  res.redirect(303, `${path}?said=${saying}`)
}

/** Says in words what a script would read in a code. */
export const answerInWords =
  (path: string): ErrorRequestHandler =>
  (thrown: unknown, { method }, res, next) => {
    const code = thrown instanceof SessionHubError ? thrown.code : undefined
    if (method === 'POST' && isSaying(code)) answer(res, path, code)
    else next(thrown)
  }
