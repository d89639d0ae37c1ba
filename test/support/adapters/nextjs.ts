/** The small site of `../site-app.ts` once more, in an App Router application that is built once: `SITE_NEXTJS` is its folder (`nextjs-app.ts`). */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'

import type { RequestHandler } from 'express'
import type { AppSite, Site } from 'session-hub/site'

import { isOwn } from './own-paths.js'

interface ServedSite {
  readonly name: string
  readonly site: Site | AppSite
  readonly redirectOnce: boolean
}

/** What is here of `next`, which is no dependency. */
type Next = (options: { readonly dev: false; readonly dir: string }) => {
  prepare(): Promise<void>
  getRequestHandler(): (req: IncomingMessage, res: ServerResponse) => Promise<void>
}

/** One application for all sites of this process: its routes look here for the one that a request is for. */
const shared = globalThis as {
  sitesOfTests?: Map<string, ServedSite>
}
const dir = process.env.SITE_NEXTJS
/** Started before the tests, whose time goes on meanwhile. */
const handle = dir === undefined ? undefined : await start(dir)

export function nextjsSiteApp(served: ServedSite, others: RequestHandler): RequestHandler {
  const sites = (shared.sitesOfTests ??= new Map<string, ServedSite>())
  const id = String(sites.size)
  sites.set(id, served)
  if (!handle) throw new Error('SITE_NEXTJS has to be the folder of a built application')
  return (req, res, next) => {
    if (!isOwn(req) && !req.originalUrl.startsWith('/_next/')) {
      others(req, res, next)
      return
    }
    req.headers['x-site-of-test'] = id
    req.headers['x-visitor-address'] = req.ip
    handle(req, res).catch(next)
  }
}

async function start(dir: string) {
  const { NODE_ENV } = process.env
  const next = createRequire(join(dir, 'package.json'))('next') as Next
  const app = next({ dev: false, dir })
  await app.prepare()
  // It has said "production" of the whole process, in which the tests' own applications are in development.
  if (NODE_ENV === undefined) delete process.env.NODE_ENV
  else process.env.NODE_ENV = NODE_ENV
  return app.getRequestHandler()
}
