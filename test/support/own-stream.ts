/** The event stream of one site's process by itself: what it hears is written down. */
import { createEventStream, type EventStream } from '../../sdk/site/hub/event-stream.js'
import type { Endings } from '../../sdk/site/session/endings.js'
import { createSpeakers } from '../../sdk/site/hub/speaker.js'
import { createHubTransport } from '../../sdk/site/hub/transport.js'
import { resolveSiteOptions } from '../../sdk/site/options.js'
import type { LogEntry } from '../../sdk/settings/log.js'
import type { WorldSite } from './world.js'

export interface OwnStream {
  /** The tags of the sessions that it has heard the end of, in order. */
  readonly heard: string[]
  readonly subjects: { tag: string; generation: number }[]
  readonly resets: () => number
  readonly log: LogEntry[]
  close(): void
}

export async function startOwnStream(
  { origin, keys }: Pick<WorldSite, 'origin' | 'keys'>,
  hub: string,
  silenceMs?: number,
): Promise<OwnStream> {
  const heard: string[] = []
  const subjects: OwnStream['subjects'] = []
  const log: LogEntry[] = []
  let resets = 0
  const endings: Pick<Endings, 'ended' | 'subjectEnded' | 'reset'> = {
    ended: ({ session_tag: tag }) => void heard.push(tag),
    subjectEnded: ({ subject_tag: tag, generation }) => void subjects.push({ tag, generation }),
    reset: () => void (resets += 1),
  }
  const settings = await resolveSiteOptions({ origin, hub, keys })
  const transport = createHubTransport(settings)
  const speaker = createSpeakers(settings)(origin, settings)
  const stream: EventStream = createEventStream(
    transport,
    { next: () => speaker },
    endings,
    { heard: () => undefined },
    (entry) => void log.push(entry),
    silenceMs,
  )
  stream.start()
  return {
    heard,
    subjects,
    resets: () => resets,
    log,
    close() {
      stream.close()
      transport.close()
    },
  }
}
