/** Requests in numbers: on kept connections, a few at a time. */
import http from 'node:http'

import type { Ask } from '../support/visitor.js'

const CONNECTIONS = 8

/** What Chromium sends with every request. Parsing it is a part of any server's work, so all servers here get it. */
const browserHeaders = {
  'sec-ch-ua-platform': '"Linux"',
  'user-agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'sec-ch-ua': '"Chromium";v="140", "Not=A?Brand";v="24"',
  'sec-ch-ua-mobile': '?0',
  accept: '*/*',
  'accept-encoding': 'gzip, deflate, br, zstd',
  'accept-language': 'en-US,en;q=0.9',
}

export interface Load {
  /** @returns the answer's text. @throws for any status but 200: a refusal would look like a quick answer. */
  ask(url: string, ask?: Ask): Promise<string>
  /** The answer, whatever it says. */
  reply(url: string, ask?: Ask): Promise<LoadReply>
  /** Does this so many times, as many at once as there are connections. */
  readonly repeat: (times: number, act: (index: number) => Promise<unknown>) => Promise<void>
  close(): void
}

interface LoadReply {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
}

export function createLoad(): Load {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS })

  function reply(url: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<LoadReply> {
    const { host, port, pathname, search } = new URL(url)
    const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    const given = {
      host,
      ...browserHeaders,
      ...(payload !== undefined && {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(payload)),
      }),
      ...headers,
    }
    return new Promise((resolve, reject) => {
      // `*.localhost` is this machine.
      const options = { agent, host: '127.0.0.1', port, path: pathname + search, method, headers: given }
      const req = http.request(options, (res) => {
        const chunks: Buffer[] = []
        res.on('data', (chunk: Buffer) => chunks.push(chunk))
        res.on('error', reject)
        res.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({ status: res.statusCode ?? 0, headers: res.headers, text })
        })
      })
      req.on('error', reject)
      req.end(payload)
    })
  }

  return {
    async ask(url, ask = {}) {
      const { status, text } = await reply(url, ask)
      if (status === 200) return text
      throw new Error(`${ask.method ?? 'GET'} ${url} was answered with ${status}: ${text.slice(0, 200)}`)
    },
    reply,
    async repeat(times, act) {
      let next = 0
      const one = async () => {
        while (next < times) await act(next++)
      }
      await Promise.all(Array.from({ length: CONNECTIONS }, one))
    },
    close() {
      agent.destroy()
    },
  }
}
