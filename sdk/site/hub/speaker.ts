/** In whose name the hub is asked: a site in its own, or an application for one of its sites. */
import { appIssuer, limits } from '../../protocol/wire.js'
import { signToken } from '../../tokens/sign.js'
import type { ImportedKeys } from '../keys.js'
import type { AppSettings } from '../options.js'
import type { Speech } from './transport.js'

/** Returns the credentials for one request. */
export type Speaker = () => Promise<Speech>

type SpeakingKeys = Pick<ImportedKeys, 'app' | 'signingKey'>

export type SpeakerOf = (origin: string, keys: SpeakingKeys) => Speaker

export function createSpeakers({ hub, now }: Pick<AppSettings, 'hub' | 'now'>): SpeakerOf {
  /** Sites of one app with the same key share a token, however many they are. */
  const tokens = new WeakMap<SpeakingKeys['signingKey'], () => Promise<string>>()

  return (origin, { app, signingKey }) => {
    if (app === '') {
      const own = siteToken(origin, signingKey)
      return async () => ({ token: await own() })
    }
    const token = tokens.get(signingKey) ?? siteToken(appIssuer(app), signingKey)
    tokens.set(signingKey, token)
    return async () => ({ token: await token(), site: origin })
  }

  /**
   * One token is used for half of its lifetime, so its signature costs nothing per request. That half is in the middle of its lifetime,
   * because the hub's clock may be ahead of this one or behind it by half a minute; if it is, only sharing waits until the clocks agree.
   */
  function siteToken(issuer: string, key: SpeakingKeys['signingKey']): () => Promise<string> {
    let token: Promise<string> | undefined
    let from = 0
    let until = 0
    return () => {
      const atSeconds = Math.floor(now() / 1000)
      // Both bounds are checked, because a clock can be set back.
      if (token && atSeconds >= from && atSeconds < until) return token
      from = atSeconds
      until = atSeconds + limits.siteTokenSeconds / 2
      const iat = atSeconds - limits.siteTokenSeconds / 4
      token = signToken('site+jwt', { iss: issuer, aud: hub, iat, exp: iat + limits.siteTokenSeconds }, key)
      return token
    }
  }
}

export interface RecentSpeakers {
  /** The speaker that opens the event stream next, after this many refusals in a row; `undefined` if there has been none yet. */
  next(refusals: number): Speaker | undefined
  add(speaker: Speaker): void
}

/** If a site has been removed from the hub in the meantime, it is refused, and another one opens the stream. */
const MOST = 16

/** The sites that have had a visitor recently: one event stream serves all of an application's sites, and any of them may open it. */
export function createRecentSpeakers(): RecentSpeakers {
  const recent = new Set<Speaker>()
  return {
    next: (refusals) => [...recent].reverse()[refusals % Math.max(1, recent.size)],
    add(speaker) {
      recent.delete(speaker)
      recent.add(speaker)
      const [oldest] = recent
      if (recent.size > MOST && oldest) recent.delete(oldest)
    },
  }
}
