/**
 * `POST /backchannel/batch`: one process sends several acts of one site, or of an app's sites, in one request, one on each line. The hub counts,
 * judges and answers each act as if it had come alone. The store writes them together.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

import { bodyOf } from '../../sdk/http/node/body.js'
import { sendReply } from '../../sdk/http/node/reply.js'
import { errorReply, jsonReply } from '../../sdk/http/reply.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { isJsonObject, type Json, parseJson } from '../../sdk/protocol/json.js'
import { type BatchedAct, batchedActs, hubPaths, limits } from '../../sdk/protocol/wire.js'
import { type Log, logError } from '../../sdk/settings/log.js'
import { ACT_DEPTH, type Perform } from './backchannel.js'
import type { Limiters } from './limits.js'
import type { HubRequest } from './request.js'
import type { Authenticate } from './site-token.js'

export const batchRoute =
  (log: Log, authenticate: Authenticate, limiters: Limiters, perform: Perform) =>
  async (req: HubRequest, res: ServerResponse): Promise<void> => {
    const site = await authenticate(req)
    /** What cannot be read is counted too, as for a single act: each costs a refusal and a line of the log (R31). */
    const counted = async (fault: unknown): Promise<never> => {
      await limiters.site(site.registeredAs)
      throw fault
    }
    const lines = await readLines(req).catch(counted)
    const answers = await Promise.all(
      lines.map((line) =>
        answerTo(line, log, counted, async ({ act, site: named, body, traceparent }) => {
          // R16: the one token has to speak for the site of each line. Otherwise that line is refused.
          const own = named === undefined ? site : await authenticate(req, named)
          return perform(act, own, req.ip, () => body, traceparent)
        }),
      ),
    )
    sendReply(res, {
      ...jsonReply(200, {}, { 'content-type': 'application/x-ndjson; charset=utf-8' }),
      body: answers.join(''),
    })
  }

/** @throws SessionHubError `media_type_invalid`, `body_too_large`, `body_timeout`, `request_invalid` */
async function readLines(req: IncomingMessage): Promise<readonly string[]> {
  const source = bodyOf(req)
  const { headers, body } = source
  // A parser of the application has already read the body, and keeps no lines.
  if (!/^application\/x-ndjson\s*(;|$)/i.test(headers['content-type'] ?? '') || body !== undefined)
    throw new SessionHubError('media_type_invalid', 'The body has to be application/x-ndjson')
  const lines = (await source.readText(limits.bodyBytes)).split('\n')
  // The last line may end with a line break, too.
  if (lines.at(-1) === '') lines.pop()
  if (lines.length === 0 || lines.length > limits.batchedActs)
    throw new SessionHubError('request_invalid', `A batch has 1 to ${limits.batchedActs} lines`)
  return lines
}

/** One level more than an act, for the object of the line. */
const bounds = { depth: ACT_DEPTH + 1, keys: limits.jsonKeys }

/** The answer that the act would have got alone, as one line. */
async function answerTo(
  line: string,
  log: Log,
  counted: (fault: unknown) => Promise<never>,
  perform: (asked: Line) => Promise<object>,
): Promise<string> {
  let where: string = hubPaths.batch
  try {
    const asked = await Promise.resolve(line).then(readLine).catch(counted)
    where = `${hubPaths.backchannel}/${asked.act}`
    return `${JSON.stringify({ status: 200, body: await perform(asked) })}\n`
  } catch (thrown) {
    const { status, body, error } = errorReply(thrown)
    logError(log, error, where)
    const { retryAfterSeconds } = error
    const retry = retryAfterSeconds === undefined ? '' : `"retry_after":${retryAfterSeconds},`
    return `{"status":${status},${retry}"body":${String(body)}}\n`
  }
}

interface Line {
  readonly act: BatchedAct
  /** The site of the app for which the act is, if it differs from the request's site. */
  readonly site?: string
  readonly body: Json
  /** The trace context of the act, as the header of this name would give it for a single act. */
  readonly traceparent?: string
}

/** @throws SessionHubError `request_invalid` */
function readLine(line: string): Line {
  const asked = parseJson(line, bounds)
  const { act: name, site, body, traceparent, ...unknown } = isJsonObject(asked) ? asked : {}
  const act = batchedActs.find((known) => known === name)
  const isNamed = site === undefined || typeof site === 'string'
  if (!act || !isNamed || body === undefined || Object.keys(unknown).length > 0)
    throw new SessionHubError(
      'request_invalid',
      `A line has an "act", ${batchedActs.join(' or ')}, and its "body"; an app also names a "site"`,
    )
  return {
    act,
    body,
    ...(site !== undefined && { site }),
    ...(typeof traceparent === 'string' && { traceparent }),
  }
}
