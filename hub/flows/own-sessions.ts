/** A visitor's own sessions, on the hub's own page: what this browser shares, where the user is signed in, and how to end it. */
import type { SiteRegistry } from '../sites/registry.js'
import type { Site } from '../sites/site.js'
import type { Session } from '../stores/store.js'
import type { HubContext } from './context.js'
import { endAllOf, endOne, shownAt, shownPlaces } from './listed.js'
import { jarOf, live } from './sessions.js'
import { endsAll } from './site-acts.js'
import { stateTag } from './tags.js'

/** The hub's cookie of one group, by the hash of its handle. */
export interface OwnHandle {
  readonly group: Site['group']
  readonly hash: string
}

export interface OwnSession {
  readonly group: Site['group']
  readonly session: Session
  /** The origins of the sites where the session is in use. */
  readonly sites: readonly string[]
  /** All of the user's sessions, including this one, the newest first; empty for an anonymous visitor. */
  readonly devices: readonly Device[]
}

export interface Device {
  readonly ref: string
  readonly session: Session
  readonly isCurrent: boolean
}

/** More than anybody reads. Older ones can be ended together. */
const DEVICES = 20

export async function ownSessions(
  hub: HubContext,
  sites: SiteRegistry,
  handles: readonly OwnHandle[],
): Promise<readonly OwnSession[]> {
  const found = await Promise.all(handles.map((handle) => ownSession(hub, sites, handle)))
  return found.filter((own) => own !== undefined)
}

async function ownSession(
  hub: HubContext,
  sites: SiteRegistry,
  { group, hash }: OwnHandle,
): Promise<OwnSession | undefined> {
  const session = await liveOf(hub, { group, hash })
  if (!session) return undefined
  const { subject } = session
  const [placesOf, all] = await Promise.all([
    shownPlaces(hub, sites, { group }, [session]),
    subject === null ? [] : shownAt(hub, sites, { group }, { ...session, subject }),
  ])
  const devices = all.map((one) => ({
    ref: refOf(hub, group, one),
    session: one,
    isCurrent: one.id === session.id,
  }))
  return { group, session, sites: placesOf(session), devices: devices.slice(0, DEVICES) }
}

const liveOf = async (hub: HubContext, { group, hash }: OwnHandle): Promise<Session | undefined> =>
  live(await hub.store.find(hash), jarOf({ group }), hub.now())

/** No site's state equals this: no origin is spelled like a jar. */
const refOf = ({ secret }: HubContext, group: Site['group'], { id }: Pick<Session, 'id'>): string =>
  stateTag(secret, id, jarOf({ group }))

/** Signs out in this browser on all sites, or in all browsers if the user or the owner's rule says so. */
export async function signOutOwn(
  hub: HubContext,
  handles: readonly OwnHandle[],
  isEverywhere: boolean,
): Promise<void> {
  for (const handle of handles) {
    const session = await liveOf(hub, handle)
    if (!session) continue
    const { id, subject } = session
    await endOne(hub, id, 'signed-out')
    if (subject !== null && (isEverywhere || (await endsAll(hub, subject))))
      await endAllOf(hub, subject, 'signed-out')
  }
}

/** Ends one other session of the user. If none of that name exists any more, nothing happens. */
export async function endOwnDevice(
  hub: HubContext,
  sites: SiteRegistry,
  handles: readonly OwnHandle[],
  ref: string,
): Promise<void> {
  const devices = (await ownSessions(hub, sites, handles)).flatMap((own) => own.devices)
  const device = devices.find((one) => one.ref === ref)
  if (device) await endOne(hub, device.session.id, device.isCurrent ? 'signed-out' : 'revoked')
}

/** The visitor shares nothing from now on: the hub's handles in this browser become worthless. */
export const forgetOwn = (hub: HubContext, handles: readonly OwnHandle[]): Promise<void> =>
  hub.store.transact({ handles: [] }, () => ({
    changes: { forget: handles.map(({ hash }) => hash) },
    result: undefined,
  }))
