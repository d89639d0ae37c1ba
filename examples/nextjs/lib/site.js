import { headers } from 'next/headers'
import { createSite } from 'session-hub/site'

const { ORIGIN, HUB, SESSION_HUB_KEYS } = process.env

/** Next.js loads this file several times into one process. All of them use one site. */
export const getSite = () =>
  (globalThis.site ??= createSite({ origin: ORIGIN, hub: HUB, keys: SESSION_HUB_KEYS }))

/** The last entry is the one that your own proxy has written. */
export const addressOf = (request) => request.headers.get('x-forwarded-for')?.split(',').at(-1)?.trim()

/** For server components, which can read the session but not change it. */
export async function readSession() {
  const site = await getSite()
  const visit = await site.visit(new Request(ORIGIN, { headers: await headers() }))
  visit.respond(new Response())
  return visit.session
}
