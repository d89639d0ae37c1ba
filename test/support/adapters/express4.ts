/** Express 4 around routes that are written for Express 5. */
import { IncomingMessage, ServerResponse } from 'node:http'

import type express from 'express'
import express4, { type RequestHandler } from 'express4'

/** @param fill adds the routes to a router of Express 4 */
export function express4App(
  fill: (router: express.Router, json: typeof express.json) => void,
): express.RequestHandler {
  const app = express4().disable('x-powered-by')
  const router = express4.Router()
  for (const method of ['get', 'post'] as const) {
    const add = router[method].bind(router) as (path: string, ...handlers: RequestHandler[]) => unknown
    Object.assign(router, {
      [method]: (path: string, ...handlers: RequestHandler[]) => add(path, ...handlers.map(heard)),
    })
  }
  fill(router as unknown as express.Router, express4.json)
  app.use(router)
  return unmounted(app)
}

/** An application of Express 4 as a handler for one of Express 5, with requests as a server has them. Mounted, they would be those of Express 5. */
export const unmounted =
  (app: (...given: Parameters<RequestHandler>) => unknown): express.RequestHandler =>
  (req, res, next) => {
    // As after an application that is mounted: what comes next is of Express 5 again.
    const [request, response] = [req, res].map((one) => Object.getPrototypeOf(one) as object) as [
      object,
      object,
    ]
    Object.setPrototypeOf(req, IncomingMessage.prototype)
    Object.setPrototypeOf(res, ServerResponse.prototype)
    app(req as never, res as never, (error: unknown) => {
      Object.setPrototypeOf(req, request)
      Object.setPrototypeOf(res, response)
      next(error)
    })
  }

/** Express 4 hears of no rejected promise by itself. */
const heard =
  (handler: (...given: Parameters<RequestHandler>) => unknown): RequestHandler =>
  (req, res, next) => {
    Promise.resolve(handler(req, res, next)).catch(next)
  }
