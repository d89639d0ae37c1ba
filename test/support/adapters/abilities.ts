/** What a site behind an adapter cannot show, and why. A test that needs it says so, and the report names the reason. */
import type { IncomingHttpHeaders } from 'node:http'

/** The same tests, with the site behind another adapter: `npm run test:adapters`. */
export const adapter: string = process.env.SITE_ADAPTER ?? 'express'

type Ability = keyof typeof missing

const ofTheWeb = (reason: string): Readonly<Record<string, string>> => ({ web: reason, nextjs: reason })

const missing = {
  'a hook with Express’s request': ofTheWeb('hooks and options get the Web’s own request'),
  'a call with req and res': ofTheWeb('there is a visit, and neither req nor res'),
  'an address from trust proxy': ofTheWeb(
    'the application itself says the address, and nothing else is known',
  ),
  'a header that is changed after parsing': ofTheWeb(
    'the Web’s request is made from the headers as they came',
  ),
  'a reason phrase': ofTheWeb('the server writes the status line, and its own headers'),
  'pipelined requests': ofTheWeb('the server says how many requests of one connection it reads ahead'),
  'objects with a member more': { web: 'Hono itself takes such a member for a cached body' },
  'a header over one that was set before': {
    nextjs:
      'a header that is on the answer before a route handler runs stands over the handler’s (docs/frameworks/nextjs.md)',
  },
} satisfies Record<string, Readonly<Record<string, string>>>

/** Skips the rest of a test that needs what this run's adapter cannot show. */
export function needs(context: Mocha.Context, ability: Ability): void {
  const reason = (missing[ability] as Readonly<Record<string, string>>)[adapter]
  if (reason === undefined) return
  if (context.test) context.test.title += ` [needs ${ability}; behind "${adapter}", ${reason}]`
  context.skip()
}

/** Headers that the server below the adapter writes as it likes, whatever an application says. */
const ownHeaders: Readonly<Record<string, readonly string[]>> = {
  // It frames each body itself, and its pages vary.
  nextjs: ['content-length', 'transfer-encoding', 'vary'],
}

/** The headers that an application behind the adapter decides. */
export const decided = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !(ownHeaders[adapter] ?? []).includes(name)))
