/**
 * `live.js`: what a page needs once it has synced. It keeps up with what happens elsewhere, and ends what it shares. Loaded beside the
 * first sync, because no sync needs it. (The hub's frame, which stays open, keeps watch by itself.)
 */
import { forget, partWhereForgotten } from './live/forget.js'
import type { Live, LiveKit, WatchfulKit } from './live/kit.js'
import { signOut } from './live/sign-out.js'
import { listen } from './live/stream.js'
import { shareWithTabs } from './live/tabs.js'
import { watch } from './live/watch.js'

export function createLive(given: LiveKit): Live {
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
    keepUp() {
      if (isUp) return
      isUp = true
      shareWithTabs(kit)
      watch(kit)
      partWhereForgotten(kit)
      if (kit.live) listen(kit)
    },
    signOut: () => signOut(kit),
    forget: (options) => forget(kit, options),
  }
}
