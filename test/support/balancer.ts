/** What stands before several processes of one hub: each request goes to the next of them. */
import http from 'node:http'

import type { RequestHandler } from 'express'

/** @param asked called with the number of the process that is asked */
export function balancer(
  processes: () => readonly { readonly port: number }[],
  asked: (by: number) => void,
): RequestHandler {
  let turn = 0
  return (req, res) => {
    const all = processes()
    const by = turn++ % all.length
    asked(by)
    const { url: path, method, headers } = req
    const onward = http.request(
      { host: '127.0.0.1', port: all[by]!.port, path, method, headers },
      (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(res)
      },
    )
    onward.on('error', () => res.destroy())
    req.pipe(onward)
  }
}
