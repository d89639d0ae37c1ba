/** A typical Express application with Passport and connect-flash, on whatever gives it a `req.session` as express-session does. */
import flash from 'connect-flash'
import cookieParser from 'cookie-parser'
import { doubleCsrf } from 'csrf-csrf'
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express'
import { Passport } from 'passport'
import { Strategy } from 'passport-local'

export const SECRET = 'a secret of an application, for tests'

/** What applications do with it. */
export interface OldSession {
  [key: string]: unknown
  readonly id: string
  readonly cookie: { maxAge: number | null; originalMaxAge: number | null; expires: Date | null }
  save(done?: (error?: unknown) => void): OldSession
  reload(done: (error?: unknown) => void): OldSession
  regenerate(done: (error?: unknown) => void): OldSession
  destroy(done: (error?: unknown) => void): OldSession
  touch(): OldSession
}

export const sessionOf = (req: Request): OldSession => req.session as unknown as OldSession

interface User {
  readonly id: string
}

export interface PassportAppOptions {
  /** Passport's own. */
  readonly keepSessionInfo?: boolean
  /** Whom `deserializeUser` finds. @default everybody */
  readonly knows?: (id: string) => boolean
  /** Those of another Express. */
  readonly parsers?: Pick<typeof express, 'json' | 'urlencoded'>
  /** More routes, before the error handler. */
  readonly routes?: (app: Express) => void
}

export function passportApp(
  app: Express,
  sessions: RequestHandler | RequestHandler[],
  { keepSessionInfo = false, knows = () => true, parsers = express, routes }: PassportAppOptions = {},
): void {
  const passport = new Passport()
  passport.use(
    new Strategy((username, password, done) => {
      done(null, password === 'right' ? { id: username } : false, { message: `No entry, ${username}` })
    }),
  )
  passport.serializeUser((user, done) => {
    done(null, (user as User).id)
  })
  passport.deserializeUser((id: string, done) => {
    done(null, knows(id) ? { id } : false)
  })
  const { doubleCsrfProtection } = doubleCsrf({
    getSecret: () => SECRET,
    getSessionIdentifier: (req) => sessionOf(req).id,
    cookieName: 'csrf',
    cookieOptions: { secure: false },
  })

  app.use(sessions, parsers.json(), parsers.urlencoded({ extended: false }), cookieParser())
  app.use(passport.session() as RequestHandler, flash())
  app.get('/', (req, res) => {
    res.json({
      user: req.user ?? null,
      isIn: req.isAuthenticated(),
      cart: sessionOf(req).cart ?? [],
      said: { ...req.flash() },
    })
  })
  app.post('/cart', (req, res) => {
    const session = sessionOf(req)
    const { item } = req.body as { item: string }
    session.cart = [...((session.cart as string[] | undefined) ?? []), item]
    req.flash('info', '%s added', item)
    res.redirect(303, '/')
  })
  app.post(
    '/login',
    passport.authenticate('local', {
      successRedirect: '/',
      failureRedirect: '/sorry',
      failureFlash: true,
      keepSessionInfo,
    }) as RequestHandler,
  )
  app.post('/logout', (req, res, next) => {
    req.logout({ keepSessionInfo }, (error) => {
      if (error) {
        next(error)
        return
      }
      req.flash('info', 'Good-bye')
      res.redirect(303, '/')
    })
  })
  app.get('/form', doubleCsrfProtection, (req, res) => {
    sessionOf(req).hasForm = true
    res.json({ token: req.csrfToken?.() })
  })
  app.post('/form', doubleCsrfProtection, (_req, res) => {
    res.json({ taken: true })
  })
  app.get('/id', (req, res) => {
    res.json({ id: sessionOf(req).id })
  })
  routes?.(app)
  app.use(((error, _req, res, next) => {
    if (res.headersSent) {
      next(error)
      return
    }
    const {
      status = 500,
      code = 'unknown',
      message,
    } = error as { status?: number; code?: string; message: string }
    res.status(status).json({ error: code, message })
  }) satisfies ErrorRequestHandler)
}
