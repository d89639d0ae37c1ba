// express-session's types and ours say two things of `req.session`; the tests have both.
import type { RequestHandler } from 'express'

declare const session: (options: object) => RequestHandler
export = session
