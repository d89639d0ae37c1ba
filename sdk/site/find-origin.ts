/** Asks the application which of its origins a host is. The answer is checked, limited in time and number, and never used for another host. */
import { isPromise } from '../settings/is-promise.js'
import { boundedCache } from '../http/bounded-cache.js'
import { SessionHubError } from '../protocol/errors.js'
import { isHostOf, originFault } from '../protocol/origins.js'
import type { Log } from '../settings/log.js'
import { askApplication } from './ask-application.js'

/** @returns `undefined` or `null` if the host is not one of the application's */
export type FindOrigin = (host: string) => string | null | undefined | Promise<string | null | undefined>

/** @returns `undefined` if the host is not one of the application's; rejects with `unavailable` if that cannot be told */
export type OriginLookup = (host: string) => string | undefined | Promise<string | undefined>

export interface LookupParts {
  readonly findOrigin: FindOrigin
  readonly cacheSeconds: number
  readonly now: () => number
  readonly log: Log
}

/** How many answers of each kind are remembered. Hosts that strangers invent do not push out the application's own (R38). */
const MOST_KNOWN = 10_000
/** How many hosts that were not found before may be looked up at the same time (R31). */
const MOST_ASKED = 1000

interface Answer {
  readonly origin: string | undefined
  readonly askedMs: number
}

export function createOriginLookup({ findOrigin, cacheSeconds, now, log }: LookupParts): OriginLookup {
  const found = boundedCache<Answer>(MOST_KNOWN)
  const absent = boundedCache<Answer>(MOST_KNOWN)
  const asking = new Map<string, Promise<string | undefined>>()

  async function ask(host: string): Promise<string | undefined> {
    const askedMs = now()
    const origin = await askApplication(log, { option: 'findOrigin', host }, async () =>
      checked(host, await findOrigin(host)),
    )
    // No failure is remembered: the next request asks again.
    found.delete(host)
    absent.delete(host)
    ;(origin === undefined ? absent : found).set(host, { origin, askedMs })
    return origin
  }

  function lookUp(host: string): string | undefined | Promise<string | undefined> {
    const answer = found.get(host) ?? absent.get(host)
    if (answer && Math.abs(now() - answer.askedMs) < cacheSeconds * 1000) return answer.origin
    const running = asking.get(host)
    if (running) return running
    if (asking.size >= MOST_ASKED && answer?.origin === undefined)
      return Promise.reject(new SessionHubError('unavailable', 'Too many hosts are being looked up'))
    const started = ask(host)
    asking.set(host, started)
    const leave = () => asking.delete(host)
    started.then(leave, leave)
    return started
  }

  return (host) => {
    const said = lookUp(plain(host))
    return isPromise(said) ? said.then((origin) => named(host, origin)) : named(host, said)
  }
}

/** Looks the host up in a list. */
export function listedOrigins(origins: readonly string[]): OriginLookup {
  const byHost = new Map(origins.map((origin) => [new URL(origin).host, origin]))
  return (host) => byHost.get(host) ?? named(host, byHost.get(plain(host)))
}

/** Removes a port that is the default of some scheme. The comparison with the origin decides whether it is this origin's. */
const plain = (host: string) => host.replace(/:(443|80)$/, '')

const named = (host: string, origin: string | undefined) =>
  origin !== undefined && isHostOf(host, origin) ? origin : undefined

/** @throws TypeError with a message for the application's owner */
function checked(host: string, said: unknown): string | undefined {
  if (said === undefined || said === null) return undefined
  const fault = originFault(said)
  if (fault) throw new TypeError(fault)
  const origin = said as string
  if (new URL(origin).host !== host) throw new TypeError(`"${origin}" has another host`)
  return origin
}
