/** `/admin/sites`: adds, changes, turns off and removes sites in the store. */
import express, { type Response, type Router } from 'express'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { Administration } from '../flows/administer.js'
import {
  addStoredSite,
  changeStoredSite,
  listStoredSites,
  proveStoredSite,
  type RegisteredSite,
  removeStoredSite,
  rotateStoredKeys,
  type RotationStep,
  type SiteAdministration,
  turnStoredSite,
} from '../flows/administer-sites.js'
import { generateSite } from '../keys/generate.js'
import type { Guard } from './guard.js'
import { send } from './layout.js'
import { type SiteNews, takeNews, tellSiteNext } from './news.js'
import { sitePaths } from './paths.js'
import { keysPage, removalPage, siteAddress, sitePage, sitesPage } from './sites-page.js'
import { type Act, acted, type Look, looked } from './visits.js'

export function sitePages({ hub }: Administration, sites: SiteAdministration, guard: Guard): Router {
  const router = express.Router()

  router.get(
    sitePaths.sites,
    looked(hub, guard, async (look, res) => {
      await show(sites, look, res)
    }),
  )

  router.post(
    sitePaths.add,
    acted(hub, guard, async ({ by, visit, form }, res) => {
      const origin = text(form, 'origin')
      const { keys, registration } = await generateSite(origin)
      const added = await addStoredSite(sites, by, { ...registration, ...termsIn(form) }, form.has('prove'))
      send(res, 200, visit, keysPage(visit, added, keys, NEW_SITE))
    }),
  )

  router.post(
    sitePaths.change,
    acted(hub, guard, async ({ by, form }, res) => {
      const site = await changeStoredSite(sites, by, text(form, 'origin'), {
        ...NO_TERMS,
        ...termsIn(form),
      })
      back(res, site.origin, 'changed')
    }),
  )

  router.post(
    sitePaths.turn,
    acted(hub, guard, async ({ by, form }, res) => {
      const isOn = form.get('turn') === 'on'
      const { origin } = await turnStoredSite(sites, by, text(form, 'origin'), isOn)
      back(res, origin, isOn ? 'on' : 'off')
    }),
  )

  router.post(
    sitePaths.prove,
    acted(hub, guard, async ({ by, visit, form }, res) => {
      const origin = text(form, 'origin')
      try {
        await proveStoredSite(sites, by, origin)
        back(res, origin, 'proven')
      } catch (thrown) {
        if (!(thrown instanceof SessionHubError) || thrown.code !== 'proof_missing') throw thrown
        send(res, thrown.status, visit, sitePage(visit, await one(sites, by, origin), '', thrown.message))
      }
    }),
  )

  router.post(
    sitePaths.rotate,
    acted(hub, guard, async ({ by, visit, form }, res) => {
      const origin = text(form, 'origin')
      const step = stepOf(form)
      const keys = await rotateStoredKeys(sites, by, origin, step)
      if (keys) send(res, 200, visit, keysPage(visit, await one(sites, by, origin), keys, NEXT_KEYS))
      else back(res, origin, step === 'cancel' ? 'kept' : 'rotated')
    }),
  )

  router.post(
    sitePaths.remove,
    acted(hub, guard, async (act, res) => {
      await remove(sites, act, res)
    }),
  )
  return router
}

function stepOf(form: URLSearchParams): RotationStep {
  const step = form.get('step')
  return step === 'last' ? 'finish' : step === 'cancel' ? 'cancel' : 'begin'
}

async function show(sites: SiteAdministration, { by, visit, query }: Look, res: Response): Promise<void> {
  const news = takeNews(res.req, res)
  const origin = query.get('site')
  if (origin !== null) send(res, 200, visit, sitePage(visit, await one(sites, by, origin), news))
  else send(res, 200, visit, sitesPage(visit, await listStoredSites(sites, by), news))
}

async function remove(sites: SiteAdministration, { by, visit, form }: Act, res: Response): Promise<void> {
  const origin = text(form, 'origin')
  if (form.get('sure') !== 'yes') {
    send(res, 200, visit, removalPage(visit, await one(sites, by, origin)))
    return
  }
  await removeStoredSite(sites, by, origin)
  tellSiteNext(res, 'removed')
  res.redirect(303, sitePaths.sites)
}

async function one(
  sites: SiteAdministration,
  by: Parameters<typeof listStoredSites>[1],
  origin: string,
): Promise<RegisteredSite> {
  const found = (await listStoredSites(sites, by)).find((site) => site.origin === origin)
  if (found) return found
  throw new SessionHubError('site_unknown', 'No such site is in the store')
}

/** Returns to the site's page, where a reload does nothing again (R24). */
function back(res: Response, origin: string, news: SiteNews): void {
  tellSiteNext(res, news)
  res.redirect(303, siteAddress(origin))
}

const text = (form: URLSearchParams, name: string): string => (form.get(name) ?? '').trim()

const lines = (form: URLSearchParams, name: string): readonly string[] =>
  text(form, name)
    .split(/[\s,]+/)
    .filter((word) => word !== '')

const NO_TERMS = { group: undefined, sisters: undefined, mayOffer: undefined, pairwise: undefined }

/** Reads the terms from the form. The rest of a registration stays as it is. */
function termsIn(form: URLSearchParams) {
  const group = text(form, 'group')
  const sisters = lines(form, 'sisters')
  return {
    ...(group !== '' && { group }),
    ...(sisters.length > 0 && { sisters }),
    ...(form.has('receive-only') && { mayOffer: false }),
    ...(form.has('pairwise') && { pairwise: true }),
  }
}

const NEW_SITE =
  'Give the site these keys now, in its environment. They are secret, and this page does not show them again.'
const NEXT_KEYS =
  'Replace the site’s “signing” and “ticket” keys with these, and keep its “session” key. They are secret, and this page does not show them again. When every process of the site has them, remove the old keys here.'
