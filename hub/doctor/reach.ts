/** The way to a server: its name, its connection, its certificate, and the target of a first request. */
import type { Finding, FindingCode, Line } from './findings.js'
import { type Ask, BlindError, type Eyes, type Sight } from './sight.js'

export interface Reached {
  readonly lines: readonly Line[]
  readonly addresses: readonly string[]
  /** The first answer, if there was one. */
  readonly sight?: Sight
}

/** Certificates that are renewed automatically are renewed 30 days before they expire. */
const SOON_MS = 14 * 86_400_000

/** A page may redirect within its own origin, for example from "/" to "/en/". */
const MOST_STEPS = 5

export async function reach(eyes: Eyes, about: string, path: string, nowMs: number): Promise<Reached> {
  let addresses: readonly string[] = []
  try {
    addresses = await eyes.addressesOf(about)
    const seen = await follow(eyes, about, path)
    const way: Line = {
      about,
      looked: wayOf(about, addresses),
      findings: certificateFindings(seen.first, nowMs),
    }
    if ('sight' in seen) return { lines: [way], addresses, sight: seen.sight }
    const { elsewhere } = seen
    const what = `${path} leads to ${elsewhere}`
    return {
      lines: [
        way,
        { about, looked: `answers at ${path}`, findings: [{ code: 'redirects_elsewhere', what }] },
      ],
      addresses,
    }
  } catch (thrown) {
    if (!(thrown instanceof BlindError)) throw thrown
    return { lines: [{ about, looked: 'can be reached', findings: [blindFinding(thrown)] }], addresses }
  }
}

const wayOf = (about: string, addresses: readonly string[]) =>
  `can be reached${about.startsWith('https:') ? ' by TLS' : ''} at ${addresses.slice(0, 3).join(', ')}`

/** Follows redirects within the origin. A redirect to another origin is reported and not followed. */
async function follow(
  eyes: Eyes,
  origin: string,
  path: string,
): Promise<{ first: Sight } & ({ sight: Sight } | { elsewhere: string })> {
  let sight = await eyes.see(origin + path, { headers: PAGE })
  const first = sight
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const next = redirectOf(sight)
    if (!next) break
    if (next.origin !== origin) return { first, elsewhere: next.origin + next.pathname }
    sight = await eyes.see(next.href, { headers: PAGE })
  }
  return { first, sight }
}

/** Asks like a reader that is no browser, which `redirectOnce` lets pass. */
const PAGE = { accept: 'text/html,application/json;q=0.9,*/*;q=0.8' }

/** The target of a redirect. */
export function redirectOf({ url, status, header }: Sight): URL | undefined {
  const location = header('location')
  if (status < 300 || status > 399 || location === undefined || !URL.canParse(location, url)) return undefined
  return new URL(location, url)
}

export function certificateFindings({ validToMs }: Pick<Sight, 'validToMs'>, nowMs: number): Finding[] {
  if (validToMs === undefined || validToMs - nowMs > SOON_MS) return []
  const days = Math.max(0, Math.floor((validToMs - nowMs) / 86_400_000))
  return [{ code: 'tls_expires_soon', what: `the certificate expires in ${days} days` }]
}

const CODES = { dns: 'dns_failed', connect: 'connect_failed', tls: 'tls_untrusted' } as const

const blindFinding = ({ kind, message }: BlindError): Finding => ({ code: CODES[kind], what: message })

/** A later request that fails altogether, although the first one arrived. */
export async function seeOr(eyes: Eyes, url: string, ask: Ask, code: FindingCode): Promise<Sight | Finding> {
  try {
    return await eyes.see(url, ask)
  } catch (thrown) {
    if (!(thrown instanceof BlindError)) throw thrown
    return { code, what: `${ask.method ?? 'GET'} ${new URL(url).pathname} gets no answer: ${thrown.message}` }
  }
}

export const isFinding = (given: Sight | Finding): given is Finding => 'code' in given
