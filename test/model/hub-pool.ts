/** Hubs, made once for each set of options that a hub cannot change later: two processes of each, on one store. */
import {
  createHub,
  generateHubKeys,
  generateSite,
  type Hub,
  type HubKeys,
  type MergeByKeys,
  type SiteRegistration,
} from 'session-hub/hub'

import { type CrashingStore, crashingStore } from './crashing-store.js'
import type { Rules } from './plan.js'
import { ANONYMOUS, HUB, SIGNED_IN, TICKET_SECONDS } from './settings.js'

/** What may change from one sequence to the next. */
interface Setting {
  rules: Rules
  nowMs: number
  /** The keys are others by now than those that the hub was made with. */
  readonly registrations: Map<string, SiteRegistration>
}

export interface PooledHub {
  readonly processes: readonly Hub[]
  readonly store: CrashingStore
  readonly setting: Setting
  readonly keys: HubKeys
}

const BY_KEY: MergeByKeys = { default: 'fill', keys: { cart: 'union', count: 'sum' } }

const pool = new Map<string, Promise<PooledHub>>()

/** @param mayRegister whether registrations change under way, so that none may be remembered */
export function pooledHub(rules: Rules, mayRegister: boolean): Promise<PooledHub> {
  const { merge, most, evict } = rules
  const name = JSON.stringify([merge, most, most === null ? '' : evict, mayRegister])
  let pooled = pool.get(name)
  if (!pooled) pool.set(name, (pooled = makeHub(rules, mayRegister)))
  return pooled
}

async function makeHub(rules: Rules, mayRegister: boolean): Promise<PooledHub> {
  const { merge, most, evict } = rules
  const keys = generateHubKeys()
  const store = crashingStore()
  const setting: Setting = { rules, nowMs: 0, registrations: new Map() }
  const process = () =>
    createHub({
      origin: HUB,
      keys,
      store,
      findSite: (origin) => setting.registrations.get(origin),
      siteCacheSeconds: mayRegister ? 0 : 3600,
      ticketSeconds: TICKET_SECONDS,
      lifetimes: { anonymous: lifetime(ANONYMOUS), signedIn: lifetime(SIGNED_IN) },
      conflict: () => setting.rules.conflict,
      merge: merge === 'by key' ? BY_KEY : merge,
      singleSession: () => setting.rules.isSingle,
      ...(most !== null && { maxSessions: most, evict }),
      endAllOnSignOut: () => setting.rules.endAll,
      limits: { perAddress: 1e9, perSession: 1e9, perSite: 1e9 },
      now: () => setting.nowMs,
    })
  return { processes: [await process(), await process()], store, setting, keys }
}

const lifetime = ({ idle, absolute }: typeof ANONYMOUS | typeof SIGNED_IN) => ({
  idleSeconds: idle,
  absoluteSeconds: absolute,
})

/** A site's keys, one pair after the other: made once, for whichever site stands there. */
const made: Promise<Awaited<ReturnType<typeof generateSite>>>[] = []

export function siteKeys(index: number): Promise<Awaited<ReturnType<typeof generateSite>>> {
  return (made[index] ??= generateSite('https://any.example'))
}
