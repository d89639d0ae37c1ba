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
  /** Does this so many times, as many at once as there are connections. */
  repeat(times: number, act: (index: number) => Promise<unknown>): Promise<void>
  close(): void
}

export function createLoad(): Load {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  return {
    ask: (url, { method = 'GET', headers = {}, body } = {}) => {
      const { host, port, pathname, search } = new URL(url)
      const payload = body === undefined ? undefined : JSON.stringify(body)
      const given = {
        host,
        ...browserHeaders,
        ...headers,
        ...(payload !== undefined && {
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(payload)),
        }),
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
            if (res.statusCode === 200) resolve(text)
            else
              reject(
                new Error(`${method} ${url} was answered with ${res.statusCode ?? 0}: ${text.slice(0, 200)}`),
              )
          })
        })
        req.on('error', reject)
        req.end(payload)
      })
    },
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
