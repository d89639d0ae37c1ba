/** What a site offers its signed-in users beside the shop: how to stay, where they are signed in, and what needs a fresh sign-in. */
import express, { type ErrorRequestHandler } from 'express'
import { type ActAs, type JsonObject, SessionHubError, type SignIn, type Site } from 'session-hub/site'

/** How lately one has to have signed in for `/account/secret`. */
export const RECENT_SECONDS = 300

export function accountApp(site: Site): express.Router {
  const app = express.Router()
  app.use('/account', express.json(), site.session())
  app.post('/account/sign-in', async (req, res) => {
    await site.signIn(req, res, req.body as SignIn)
    res.json({ subject: req.session.subject })
  })
  app.post('/account/sign-out', async (req, res) => {
    await site.signOut(req, res, req.body as { everywhere?: boolean })
    res.json({})
  })
  app.post('/account/data', async (req, res) => {
    res.json(await req.session.update(req.body as JsonObject))
  })
  app.post('/account/claims', async (req, res) => {
    res.json(await req.session.updateClaims(req.body as JsonObject))
  })
  app.post('/account/act-as', async (req, res) => {
    await site.actAs(req, res, req.body as ActAs)
    res.json({ subject: req.session.subject })
  })
  app.post('/account/stop-acting', async (req, res) => {
    res.json({ acted: await site.stopActing(req, res), subject: req.session.subject })
  })
  app.get('/account/who', async ({ session }, res) => {
    const data = await session.data()
    const { status, subject, claims, actor, authTime, endReason } = session
    res.json({ status, subject, claims, actor, authTime, endReason, data })
  })
  app.get('/account/sessions', async (req, res) => {
    res.json({ sessions: await site.sessions(req) })
  })
  app.post('/account/end', async (req, res) => {
    const { ref } = req.body as { ref: string }
    res.json({ ended: await site.endSession(req, ref) })
  })
  app.post('/account/end-others', async (req, res) => {
    res.json({ ended: await site.endOtherSessions(req) })
  })
  app.get('/account/secret', site.requireRecent(RECENT_SECONDS), (req, res) => {
    res.json({ authTime: req.session.authTime })
  })
  app.use(((error, _req, res, _next) => {
    const { status = 500, code = 'unknown' } = error instanceof SessionHubError ? error : {}
    res.status(status).json({ error: code })
  }) satisfies ErrorRequestHandler)
  return app
}
