/**
 * `live.js`: what a page needs once it has synced. It keeps up with what happens elsewhere, stops sharing on request, and climbs the ladder.
 * It loads in parallel with the first sync, because no sync needs it. (The hub's frame, which stays open, watches on its own.)
 */
import { takeArrival } from './live/arrival.js'
import { climbWhereBlocked } from './live/climb.js'
import { comeBack } from './live/come-back.js'
import { forget, partWhereForgotten } from './live/forget.js'
import type { Live, LiveKit, WatchfulKit } from './live/kit.js'
import { mayBringNews } from './live/news.js'
import { signOut } from './live/sign-out.js'
import { listen } from './live/stream.js'
import { shareWithTabs } from './live/tabs.js'
import { syncNext } from './live/sync-next.js'
import { createTokens } from './live/tokens.js'
import { watch } from './live/watch.js'

/**
 * The tag's attribute is a text. It is checked here, because the check would make `sdk.js` larger.
 *
 * @throws TypeError for any other value
 */
function isOn(live: unknown): boolean {
  const text = String(live)
  if (text !== 'true' && text !== 'false') throw TypeError(`SessionHub: no live "${text}" in true, false`)
  return text === 'true'
}

export function create(given: LiveKit): Live {
  let isUp = false
  let last: Promise<unknown> = Promise.resolve()
  const kit: WatchfulKit = {
    ...given,
    post<Reply>(path: string, body: object) {
      const answer = given.post<Reply>(path, body)
      last = answer.catch(() => 0)
      return answer
    },
    answered: () => last,
  }
  return {
    async keepUp() {
      // The page may have closed the client before this file was loaded.
      if (isUp || given.signal.aborted) return undefined
      isUp = true
      shareWithTabs(kit)
      watch(kit)
      comeBack(kit)
      partWhereForgotten(kit)
      if (isOn(kit.live)) listen(kit)
      return undefined
    },
    arrival: async () => takeArrival(),
    news: async () => mayBringNews(),
    signOut: () => signOut(kit),
    tokenFor: createTokens(kit),
    resolve: (choice) => syncNext(kit, undefined, choice),
    forget: (options) => forget(kit, options),
    ...climbWhereBlocked(kit),
  }
}
