/** A visitor with cookies from a real site. */
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

import express, { type Request, type Response } from 'express'

import { SessionHubError } from '../protocol/errors.js'
import { cookieNames } from '../protocol/wire.js'
import type { Site } from '../site/index.js'

export interface TestVisitor {
  /** The value of a `Cookie` header, as the visitor's browser would send it. */
  readonly cookie: string
  /** The session token in that cookie, for `Authorization: Bearer` and for `verifySession`. */
  readonly token: string
}

/** What a route of the application would do with a request from a visitor who has no session yet. */
type Act = (req: Request, res: Response) => Promise<unknown>

/**
 * Lets a site answer one request on a socket of its own, and keeps the cookies of the answer: this code does not know how a session is made.
 *
 * @throws whatever the act throws
 */
export async function visitorOf(site: Site, act: Act): Promise<TestVisitor> {
  const app = express()
  let acting: Promise<unknown> | undefined
  app.use(site.session(), async (req, res) => {
    acting = act(req, res)
    await acting.catch(() => undefined)
    res.end()
  })
  const cookies = await answerOf(app)
  await acting
  const session = cookies.find((cookie) => !cookie.startsWith(`${cookieNames.state}=`))
  if (session === undefined)
    throw new SessionHubError('unavailable', 'The site gave no session; is its test hub closed?')
  return { cookie: cookies.join('; '), token: session.slice(session.indexOf('=') + 1) }
}

/** Does not use `fetch`, because tests of applications often replace it. */
async function answerOf(app: express.Express): Promise<string[]> {
  const server = createServer(app).listen(0, '127.0.0.1')
  try {
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const [reply] = (await once(get({ host: '127.0.0.1', port, agent: false }), 'response')) as [
      IncomingMessage,
    ]
    reply.resume()
    return (reply.headers['set-cookie'] ?? []).map((cookie) => cookie.slice(0, cookie.indexOf(';')))
  } finally {
    server.close()
  }
}
