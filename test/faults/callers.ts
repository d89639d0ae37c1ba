/**
 * Backends of one site, which ask the hub all the time: they sign users in, write their data, and end some of the sessions. Each keeps what it was
 * answered, so that it can be looked up afterwards.
 */
import { setTimeout as delay } from 'node:timers/promises'

import { send, type Reply } from '../support/visitor.js'

/** How one asks one of the hub's processes. */
export type Asking = (act: string, body: object) => Promise<Reply>

/** A session that the hub has answered for, and what it must have of it. */
interface Kept {
  readonly handle: string
  /** The last number that was acknowledged, and the last that was sent. */
  acknowledged: number
  sent: number
  /** Whether its end was acknowledged, and whether it was sent. */
  isEnded: boolean
  isEndSent: boolean
}

export interface Seen {
  /** Acknowledged writes. */
  readonly answered: number
  /** What was said instead of an answer, and how often. */
  readonly refused: ReadonlyMap<string, number>
  /** The longest that one has waited for an answer or a refusal. */
  readonly longestMs: number
  /** The longest time without any acknowledged write. */
  readonly gapMs: number
}

export interface Callers {
  readonly seen: Seen
  /** Resolves when so many more were acknowledged. */
  more(count: number): Promise<void>
  /** Every answer that has come in, in milliseconds. */
  readonly latenciesMs: readonly number[]
  stop(): Promise<void>
  /** Call after `stop`, with everything mended. @returns how many acknowledged writes are gone, or were done twice */
  lost(): Promise<number>
}

/** Between two acts of one caller: a steady load, and no race for the processor. */
const PAUSE_MS = 25
const CALLERS = 6
/** Acts on a session before the caller takes the next one. */
const ACTS = 8

export function startCallers(ask: Asking, { callers = CALLERS, pauseMs = PAUSE_MS } = {}): Callers {
  const kept: Kept[] = []
  const refused = new Map<string, number>()
  const latenciesMs: number[] = []
  const seen = { answered: 0, refused, longestMs: 0, gapMs: 0 }
  let isStopped = false
  const isOn = () => !isStopped
  let lastMs = performance.now()

  async function act(name: string, body: object): Promise<Reply['json'] | undefined> {
    const beganMs = performance.now()
    const reply = await ask(name, body).catch(
      (thrown: unknown) => (thrown as NodeJS.ErrnoException).code ?? 'broken off',
    )
    const endMs = performance.now()
    seen.longestMs = Math.max(seen.longestMs, endMs - beganMs)
    await delay(pauseMs)
    if (typeof reply === 'object' && reply.status === 200) {
      latenciesMs.push(endMs - beganMs)
      seen.answered += 1
      seen.gapMs = Math.max(seen.gapMs, endMs - lastMs)
      lastMs = endMs
      return reply.json
    }
    const said = typeof reply === 'string' ? 'no answer' : `${reply.status} ${String(reply.json['error'])}`
    refused.set(said, (refused.get(said) ?? 0) + 1)
    return undefined
  }

  async function one(caller: number): Promise<void> {
    for (let user = 0; isOn(); user += 1) {
      const answer = await act('sign-in', { handle: null, subject: `user ${caller}-${user}`, claims: {} })
      if (!answer) continue
      const session: Kept = {
        handle: String(answer['handle']),
        acknowledged: 0,
        sent: 0,
        isEnded: false,
        isEndSent: false,
      }
      kept.push(session)
      for (let count = 1; isOn() && count <= ACTS; count += 1) {
        session.sent = count
        if (await act('update', { handle: session.handle, patch: { count } })) session.acknowledged = count
      }
      if (!isOn() || user % 3) continue
      session.isEndSent = true
      if (await act('end', { handle: session.handle, everywhere: false })) session.isEnded = true
    }
  }
  const all = Array.from({ length: callers }, (_, caller) => one(caller))

  return {
    seen,
    latenciesMs,
    async more(count) {
      const wanted = seen.answered + count
      const endMs = performance.now() + 60_000
      while (seen.answered < wanted) {
        if (performance.now() > endMs) throw new Error(`Nobody is answered any more: ${told(seen)}`)
        await delay(10)
      }
    },
    async stop() {
      isStopped = true
      await Promise.all(all)
    },
    async lost() {
      let lost = 0
      for (const session of kept) {
        const { status, json } = await untilAnswered(ask, session.handle)
        const isEnded = json['error'] === 'session_ended'
        const count = (json['data'] as { count?: number } | undefined)?.count ?? 0
        if (session.isEnded) lost += Number(!isEnded)
        else if (!(isEnded && session.isEndSent))
          lost += Number(status !== 200 || count < session.acknowledged || count > session.sent)
      }
      return lost
    },
  }
}

/** Whoever is told "later" asks again. */
async function untilAnswered(ask: Asking, handle: string): Promise<Reply> {
  const endMs = performance.now() + 30_000
  for (;;) {
    const reply = await ask('read', { handle }).catch(() => undefined)
    if (reply && reply.status < 500) return reply
    if (performance.now() > endMs) throw new Error(`The hub does not come back: ${reply?.text}`)
    await delay(50)
  }
}

/** What the callers saw, in a few words. */
export function told({ refused, longestMs, gapMs }: Seen): string {
  const words = [...refused].map(([said, times]) => `${said} × ${times}`)
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
  return [
    words.join(', ') || 'no error',
    `longest wait ${seconds(longestMs)}`,
    `longest gap ${seconds(gapMs)}`,
  ].join('; ')
}

/** Asks one process after another, and the next one where one does not listen, as a balancer does. */
export function askingAt(ports: () => readonly number[], hub: string, token: () => string): Asking {
  let turn = 0
  return async (act, body) => {
    const all = ports()
    const first = turn++
    for (let tries = 1; ; tries += 1) {
      const port = all[(first + tries) % all.length]!
      try {
        return await send(`http://hub.localhost:${port}/backchannel/${act}`, {
          method: 'POST',
          body,
          headers: {
            host: new URL(hub).host,
            authorization: `Bearer ${token()}`,
            'content-type': 'application/json',
          },
        })
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'ECONNREFUSED' || tries >= all.length) throw thrown
      }
    }
  }
}
