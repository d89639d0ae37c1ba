/** Serves style sheets and pictures as they are in the source tree. The pages' scripts are compiled into the folder beside this file. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import express, { type RequestHandler } from 'express'

const pictures = fileURLToPath(new URL('../../demo/public', import.meta.url))
const scripts = fileURLToPath(new URL('./browser', import.meta.url))

/** The modules of the page's script. */
export const modules = readdirSync(scripts).filter((name) => name.endsWith('.js'))

export function files(): RequestHandler {
  const router = express.Router()
  router.use('/public', express.static(pictures))
  router.use('/browser', express.static(scripts))
  return router
}
