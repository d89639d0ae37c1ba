// Its types and ours say two things of `req.session`.
declare module 'express-session' {
  import type { RequestHandler } from 'express'

  const session: (options: object) => RequestHandler
  export = session
}
