/** An answer with a visitor's cookie is for nobody else, whatever the application says of its page: shared caches would hand it on. */
import type { ServerResponse } from 'node:http'

const kept = new WeakSet<ServerResponse>()

/** Makes sure of it, once per answer. */
export function keepPrivate(res: ServerResponse): void {
  if (kept.has(res)) return
  kept.add(res)
  const writeHead = res.writeHead.bind(res) as (...given: unknown[]) => ServerResponse
  // At the last moment, because the application sets its header later than we.
  res.writeHead = (...given: unknown[]) => {
    const rest = given.map((part) => withoutCacheControl(res, part))
    const said = String(res.getHeader('cache-control') ?? '')
    if (!/private|no-store/i.test(said)) res.setHeader('cache-control', 'private, no-cache')
    return writeHead(...rest)
  }
}

/** Headers that are given to `writeHead` itself, an object or a flat list, would have the last word: theirs is moved to the others. */
function withoutCacheControl(res: ServerResponse, part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part
  const pairs: [string, unknown][] = Array.isArray(part)
    ? part.flatMap((name, at): [string, unknown][] => (at % 2 === 0 ? [[String(name), part[at + 1]]] : []))
    : Object.entries(part)
  const isIt = ([name]: [string, unknown]) => name.toLowerCase() === 'cache-control'
  for (const [name, value] of pairs.filter(isIt)) res.setHeader(name, String(value))
  const others = pairs.filter((pair) => !isIt(pair))
  return Array.isArray(part) ? others.flat() : Object.fromEntries(others)
}
