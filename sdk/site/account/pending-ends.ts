/**
 * Tells the hub of sign-outs: at once, or as soon as the hub can be reached. Otherwise the next sync after the hub's return would sign the
 * visitor in again. A sign-out that waits is kept twice: in memory, for visitors who do not come back, and in the visitor's own cookie, which
 * survives this process.
 */
import type { EndBody } from '../../protocol/bodies.js'
import { type ErrorCode, toSessionHubError } from '../../protocol/errors.js'
import { type Log, logError } from '../../settings/log.js'
import type { HubClient } from '../hub/client.js'
import type { HubLine } from '../hub/line.js'

const TRY_EVERY_MS = 2000
const MOST = 10_000

/** The hub, as one site calls it. */
type Asked = Pick<HubClient, 'end'>

interface Pending {
  readonly hub: Asked
  readonly end: EndBody
}

export interface PendingEnds {
  /** Tells the hub, now or later. Never rejects. @returns whether the sign-out is settled, so that nothing waits */
  tell(hub: Asked, end: EndBody): Promise<boolean>
  close(): void
}

/** Trouble at the hub, on the line or, also as `unavailable`, in the configuration. It may pass. Any other refusal of this sign-out is final. */
const MAY_PASS: readonly ErrorCode[] = ['unavailable', 'rate_limited', 'body_timeout']

export function createPendingEnds(line: Pick<HubLine, 'isReachable'>, log: Log): PendingEnds {
  const ends = new Map<string, Pending>()
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  /** @returns whether nothing is left to do: the hub was told, or has refused for good */
  async function isSettled({ hub, end }: Pending): Promise<boolean> {
    try {
      await hub.end(end)
      return true
    } catch (thrown) {
      const error = toSessionHubError(thrown)
      if (error.code === 'session_ended') return true
      if (!ends.has(nameOf(end))) logError(log, error, 'sign-out')
      if (MAY_PASS.includes(error.code)) return false
      log({ level: 'error', event: 'sign_out_lost', code: error.code, description: error.message })
      return true
    }
  }

  /** Tries one after another; one that fails does not hold up the others. */
  async function tryAll(): Promise<void> {
    timer = undefined
    if (await line.isReachable()) {
      for (const [name, pending] of ends) if (await isSettled(pending)) ends.delete(name)
    }
    schedule()
  }

  function schedule(): void {
    if (ends.size > 0 && !isClosed) timer ??= setTimeout(() => void tryAll(), TRY_EVERY_MS).unref()
  }

  return {
    async tell(hub, end) {
      const name = nameOf(end)
      if (await isSettled({ hub, end })) {
        ends.delete(name)
        return true
      }
      if (ends.size >= MOST && !ends.has(name)) {
        const description = `${MOST} sign-outs are waiting already; this one waits for the visitor's next request`
        log({ level: 'error', event: 'sign_out_lost', description })
        return false
      }
      // Of two sign-outs with one cookie, the one that reaches further counts.
      ends.set(name, { hub, end: ends.get(name)?.end.everywhere ? { ...end, everywhere: true } : end })
      schedule()
      return false
    },
    close() {
      isClosed = true
      clearTimeout(timer)
      ends.clear()
    },
  }
}

const nameOf = ({ handle, jti = '' }: EndBody) => handle ?? jti
