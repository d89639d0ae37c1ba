/** `/admin/api/sites`: the sites in the store, for programs. Keys that the hub has made are sent out once, and are never listed. */
import express, { type Request, type Router } from 'express'

import { readJsonBody } from '../../sdk/http/body.js'
import { bodyOf } from '../../sdk/http/node/body.js'
import { sendJson } from '../../sdk/http/node/reply.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { isFlag, isText, readFields } from '../../sdk/protocol/fields.js'
import { isJsonObject } from '../../sdk/protocol/json.js'
import type { Actor, Administration } from '../flows/administer.js'
import {
  addStoredSite,
  changeStoredSite,
  listStoredSites,
  proveStoredSite,
  removeStoredSite,
  rotateStoredKeys,
  type RotationStep,
  type SiteAdministration,
  turnStoredSite,
} from '../flows/administer-sites.js'
import { generateSite } from '../keys/generate.js'
import { actor, reader } from './callers.js'
import type { Guard } from './guard.js'

type Registration = Parameters<typeof addStoredSite>[2]
type Act = (by: Actor, body: unknown) => Promise<object>

export function siteApi({ hub }: Administration, sites: SiteAdministration, guard: Guard): Router {
  const router = express.Router()

  router.get('/', async (req, res) => {
    const by = await reader(hub.origin, guard, req)
    sendJson(res, 200, { sites: await listStoredSites(sites, by) })
  })

  for (const [name, act] of Object.entries(actsOn(sites)))
    router.post(`/${name}`, async (req: Request, res) => {
      const by = await actor(hub.origin, guard, req)
      sendJson(res, 200, await act(by, await readJsonBody(bodyOf(req))))
    })
  return router
}

const actsOn = (sites: SiteAdministration): Readonly<Record<string, Act>> => ({
  add: (by, body) => add(sites, by, body),

  async change(by, body) {
    const { origin, changes } = readFields('The body', body, { origin: isOrigin, changes: isJsonObject })
    // JSON has no `undefined`, so `null` returns a member to its default.
    const members = Object.entries(changes).map(([name, value]) => [name, value ?? undefined])
    return { site: await changeStoredSite(sites, by, origin, Object.fromEntries(members) as object) }
  },

  enable: async (by, body) => ({ site: await turnStoredSite(sites, by, originIn(body), true) }),
  disable: async (by, body) => ({ site: await turnStoredSite(sites, by, originIn(body), false) }),
  prove: async (by, body) => ({ site: await proveStoredSite(sites, by, originIn(body)) }),

  async 'rotate-keys'(by, body) {
    const { origin, step } = readFields('The body', body, { origin: isOrigin, step: isStep })
    return { keys: (await rotateStoredKeys(sites, by, origin, step)) ?? null }
  },

  async remove(by, body) {
    await removeStoredSite(sites, by, originIn(body))
    return {}
  },
})

/** Registers a site with the caller's keys, or with keys that the hub makes, of which it keeps no private half. */
async function add(sites: SiteAdministration, by: Actor, body: unknown): Promise<object> {
  const { site, prove = false } = readFields('The body', body, { site: isJsonObject }, { prove: isFlag })
  if (site['signingKeys'] !== undefined || site['ticketKeys'] !== undefined)
    return { site: await addStoredSite(sites, by, asRegistration(site), prove) }
  const { origin, app } = site
  if (!isOrigin(origin)) throw new SessionHubError('request_invalid', 'The site has a wrong "origin"')
  const { keys, registration } = await generateSite(origin)
  const added = await addStoredSite(sites, by, asRegistration({ ...registration, ...site }), prove)
  return { site: added, keys: app === undefined ? keys : { app, ...keys } }
}

/** The cast comes before the check: adding the site checks every member, which no type can do. */
const asRegistration = (given: object): Registration => given as Registration

const isOrigin = isText(300)

const originIn = (body: unknown): string => readFields('The body', body, { origin: isOrigin }).origin

const STEPS: readonly RotationStep[] = ['begin', 'finish', 'cancel']
const isStep = (value: unknown): value is RotationStep => STEPS.some((step) => step === value)
