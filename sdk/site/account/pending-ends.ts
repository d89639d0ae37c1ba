/**
 * Telling the hub of sign-outs: at once, or when it can be told. Without the later word the visitor would be signed in again by the
 * next sync after the hub's return. What waits is kept in memory: a restart of this process forgets it.
 */
import type { EndBody } from '../../protocol/bodies.js'
import { type ErrorCode, toSessionHubError } from '../../protocol/errors.js'
import { type Log, logError } from '../../settings/log.js'
import type { HubClient } from '../hub/client.js'
import type { HubLine } from '../hub/line.js'

const TRY_EVERY_MS = 2000
const MOST = 10_000

/** The hub as one site asks it. */
type Asked = Pick<HubClient, 'end'>

interface Pending {
  readonly hub: Asked
  readonly end: EndBody
}

export interface PendingEnds {
  /** Resolves when the hub has been told, or will be. Never rejects. */
  tell(hub: Asked, end: EndBody): Promise<void>
  close(): void
}

/** Trouble of the hub, the line or, as `unavailable` too, the configuration: it may pass. Any other refusal is the hub's last word on this sign-out. */
const MAY_PASS: readonly ErrorCode[] = ['unavailable', 'rate_limited', 'body_timeout']

export function createPendingEnds(line: Pick<HubLine, 'isReachable'>, log: Log): PendingEnds {
  const ends = new Map<string, Pending>()
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  /** @returns whether that is all: the hub was told, or has refused for good */
  async function isSettled({ hub, end }: Pending): Promise<boolean> {
    try {
      await hub.end(end)
      return true
    } catch (thrown) {
      const error = toSessionHubError(thrown)
      if (error.code === 'session_ended') return true
      if (!ends.has(end.handle)) logError(log, error, 'sign-out')
      if (MAY_PASS.includes(error.code)) return false
      log({ level: 'error', event: 'sign_out_lost', code: error.code, description: error.message })
      return true
    }
  }

  /** One after another; one that fails holds up none of the others. */
  async function tryAll(): Promise<void> {
    timer = undefined
    if (await line.isReachable()) {
      for (const [handle, pending] of ends) if (await isSettled(pending)) ends.delete(handle)
    }
    schedule()
  }

  function schedule(): void {
    if (ends.size > 0 && !isClosed) timer ??= setTimeout(() => void tryAll(), TRY_EVERY_MS).unref()
  }

  return {
    async tell(hub, end) {
      if (await isSettled({ hub, end })) return
      const { handle } = end
      if (ends.size >= MOST && !ends.has(handle)) {
        log({ level: 'error', event: 'sign_out_lost', description: `${MOST} sign-outs are waiting already` })
        return
      }
      // Of two sign-outs with one cookie, the wider one.
      ends.set(handle, { hub, end: ends.get(handle)?.end.everywhere ? { handle, everywhere: true } : end })
      schedule()
    },
    close() {
      isClosed = true
      clearTimeout(timer)
      ends.clear()
    },
  }
}
