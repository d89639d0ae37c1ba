/**
 * Acts that arrive while others are in progress are sent together, if they are of one site, or of the sites of an application with the same
 * keys: a request costs both ends more than most acts do. The first act is sent at once, so that nobody waits when there is little to do.
 */
import { isJsonObject, type Json, type JsonObject, parseJson } from '../../protocol/json.js'
import { batchedActs, hubPaths, limits } from '../../protocol/wire.js'
import type { HubRequest, HubTransport, RawReply } from './transport.js'

/** If the answer came in a batch, its body has already been parsed. */
export type BatchedReply = RawReply & { readonly body?: JsonObject }

/** The longest that an act waits for others, if the answers in progress take longer. */
const MOST_WAIT_MS = 5

/** The answers of a hub, or of a server in front of it, that does not accept batches: then the acts of the batch are sent one by one. */
const NO_BATCHES = [404, 405, 415]
/** How long after that no batch is tried. While a hub is being updated, another of its processes may have answered. */
const SINGLY_MS = 60_000

/** The bounds of a single answer, with one more level around it. */
const replyBounds = { depth: limits.jsonDepth + 3, keys: 4096 }

interface Waiting {
  readonly request: HubRequest
  /** The act as a line of a batch. */
  readonly line: string
  readonly settle: (reply: BatchedReply | PromiseLike<BatchedReply>) => void
  readonly fail: (error: unknown) => void
}

/** The answer for a site that was removed from the hub: acts that were sent along in its name are refused with it. */
const REFUSED = 401

/** The acts in progress and those that wait, under one token. */
interface Lane {
  underWay: number
  bytes: number
  waiting: Waiting[]
  timer?: NodeJS.Timeout
}

export function createBatches(
  send: HubTransport['send'],
  now: () => number,
): (request: HubRequest) => Promise<BatchedReply> {
  const lanes = new Map<string, Lane>()
  let refusedMs = -Infinity
  const takesBatches = () => Math.abs(now() - refusedMs) >= SINGLY_MS

  return (request) => {
    const act = batchedActs.find((name) => request.path === `${hubPaths.backchannel}/${name}`)
    if (act === undefined || !takesBatches()) return send(request)
    const { body, speech, traceparent } = request
    const key = speech?.token ?? ''
    const lane = lanes.get(key)
    if (!lane) {
      const first = { underWay: 0, bytes: 0, waiting: [] }
      lanes.set(key, first)
      return underWay(key, first, send(request))
    }
    const line = `${JSON.stringify({ act, site: speech?.site, body, traceparent })}\n`
    const bytes = Buffer.byteLength(line)
    if (bytes > limits.bodyBytes) return underWay(key, lane, send(request))
    if (lane.bytes + bytes > limits.bodyBytes) go(key, lane)
    return new Promise((settle, fail) => {
      lane.bytes += bytes
      lane.timer ??= setTimeout(() => {
        go(key, lane)
      }, MOST_WAIT_MS)
      if (lane.waiting.push({ request, line, settle, fail }) === limits.batchedActs) go(key, lane)
    })
  }

  /** Acts that wait are sent when an answer arrives. */
  async function underWay<Reply>(key: string, lane: Lane, sent: Promise<Reply>): Promise<Reply> {
    lane.underWay += 1
    try {
      return await sent
    } finally {
      lane.underWay -= 1
      go(key, lane)
      if (lane.underWay === 0) lanes.delete(key)
    }
  }

  function go(key: string, lane: Lane): void {
    clearTimeout(lane.timer)
    const { waiting } = lane
    Object.assign(lane, { waiting: [], bytes: 0, timer: undefined })
    const [only] = waiting
    if (!only) return
    if (waiting.length === 1 || !takesBatches()) {
      for (const { settle, request } of waiting) settle(underWay(key, lane, send(request)))
      return
    }
    const sent = underWay(key, lane, sendTogether(waiting))
    sent.then(
      (replies) => {
        replies.forEach((reply, at) => waiting[at]?.settle(reply))
      },
      (error: unknown) => {
        for (const { fail } of waiting) fail(error)
      },
    )
  }

  /** @returns the answer to each act, in the order of the requests */
  async function sendTogether(waiting: readonly Waiting[]): Promise<readonly BatchedReply[]> {
    const [{ request }] = waiting as [Waiting]
    const reply = await send({
      ...request,
      path: hubPaths.batch,
      body: undefined,
      // Each line has its own.
      traceparent: undefined,
      lines: waiting.map(({ line }) => line).join(''),
    })
    if (NO_BATCHES.includes(reply.status)) {
      refusedMs = now()
      return Promise.all(waiting.map((one) => send(one.request)))
    }
    const isMixed = waiting.some(({ request: { speech } }) => speech?.site !== request.speech?.site)
    if (reply.status === REFUSED && isMixed) return Promise.all(waiting.map((one) => send(one.request)))
    // The whole batch was refused, or the hub is down: this is the answer to each act.
    if (reply.status !== 200) return waiting.map(() => reply)
    const lines = reply.text.split('\n')
    return waiting.map((_, at) => ({ ...reply, ...answerIn(lines[at] ?? '') }))
  }
}

/** One line of the hub's answer. If it is not from a hub, it counts as an unreadable answer to a single request. */
function answerIn(line: string): Pick<BatchedReply, 'status' | 'body' | 'text' | 'retryAfter'> {
  const answer = parsed(line)
  const { status, body, retry_after: seconds } = isJsonObject(answer) ? answer : {}
  return typeof status === 'number' && isJsonObject(body)
    ? { status, body, text: '', retryAfter: typeof seconds === 'number' ? String(seconds) : undefined }
    : { status: 200, text: '', retryAfter: undefined }
}

function parsed(line: string): Json {
  try {
    return parseJson(line, replyBounds)
  } catch {
    return null
  }
}
