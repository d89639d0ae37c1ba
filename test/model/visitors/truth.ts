/** Who is behind a cookie, as the hub's own store knows it. The site half is what is under test; the hub has a model of its own. */
import { createHash } from 'node:crypto'

import type { Session } from 'session-hub/hub'

import { handleIn } from '../../support/handles.js'
import type { Browser } from './browser.js'
import { SITES } from './plan.js'
import { GRACE_SECONDS, type World } from './world.js'

export interface Behind {
  /** The handle's session, dead or alive; `undefined`: it stands for nothing. */
  readonly session: Session | undefined
  readonly isLive: boolean
  /** Of a sign-in that the hub does not know of yet. */
  readonly provisional:
    { readonly id: string; readonly subject: string; readonly untilMs: number } | undefined
  /** The handle of either. */
  readonly handle: string | undefined
}

export async function behind(world: World, token: string | undefined): Promise<Behind> {
  if (token === undefined)
    return { session: undefined, isLive: false, provisional: undefined, handle: undefined }
  const { sub = '', jti, was, exp } = claimsIn(token)
  if (jti === undefined) {
    const handle = handleIn(token)
    return { ...(await byHandle(world, handle)), provisional: undefined, handle }
  }
  const header = token.slice(0, token.indexOf('.'))
  const asHandle = Buffer.from(JSON.stringify({ sk: was })).toString('base64url')
  const handle = was === undefined ? undefined : handleIn(`${header}.${asHandle}.`)
  return {
    ...(await byHandle(world, handle)),
    provisional: { id: jti, subject: sub, untilMs: (exp + GRACE_SECONDS) * 1000 },
    handle,
  }
}

export async function byHandle(
  world: World,
  handle: string | undefined,
): Promise<Pick<Behind, 'session' | 'isLive'>> {
  const held =
    handle === undefined
      ? undefined
      : await world.store.find(createHash('sha256').update(handle).digest('base64url'))
  const nowMs = world.time.now()
  const isLive = held !== undefined && held.session.endedAtMs === null && held.session.expiresAtMs > nowMs
  return { session: held?.session, isLive }
}

interface Claims {
  readonly sub?: string
  readonly jti?: string
  readonly was?: string
  readonly exp: number
}

const claimsIn = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Claims

/** Each item that this browser's cookies still lead to, with the sessions that hold it. */
export async function itemsOf(browser: Browser): Promise<Map<string, readonly Session[]>> {
  const { world } = browser
  const items = new Map<string, Session[]>()
  const all = [await byHandle(world, browser.hubHandle())]
  for (let site = 0; site < SITES; site += 1) {
    const found = await behind(world, browser.token(site))
    const { provisional, session } = found
    // Another user's is as good as gone, and so is what a sign-in would bring along that nobody may make known any more.
    const isLost =
      provisional &&
      (provisional.untilMs <= world.time.now() ||
        (session !== undefined && session.subject !== null && session.subject !== provisional.subject))
    if (!isLost) all.push(found)
  }
  for (const { session, isLive } of all) {
    if (!session || !isLive) continue
    for (const item of Object.keys(session.data)) items.set(item, [...(items.get(item) ?? []), session])
  }
  return items
}
