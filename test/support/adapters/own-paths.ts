/**
 * What the small site answers behind another adapter than Express. A test that adds routes of its own, or reads bodies before the site does, is
 * about Express.
 */
import type { Request } from 'express'

const OWN = /^\/((plain|whoami|who|strict|end-reason|cart|wish|patch|sign-in|sign-out)?(\?|$)|session-hub\/)/

export const isOwn = (req: Request): boolean => OWN.test(req.originalUrl) && req.body === undefined
