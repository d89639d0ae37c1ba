/**
 * `live.js`: a page that has synced once keeps up with what happens elsewhere. Loaded after the first sync, because no page needs it
 * sooner. (The hub's frame, which stays open, keeps watch by itself.)
 */
import type { LiveKit } from './live/kit.js'
import { listen } from './live/stream.js'
import { shareWithTabs } from './live/tabs.js'
import { watch } from './live/watch.js'

export function keepUp(kit: LiveKit): void {
  shareWithTabs(kit)
  watch(kit)
  if (kit.live) listen(kit)
}
