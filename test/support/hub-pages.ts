/** The requests of the hub's visible frame and of its page in a popup, spelt as browsers spell them. */
import type { Ask, FrameData, Reply, Visitor } from './visitor.js'

type Headers = NonNullable<Ask['headers']>

/** An iframe in a page of this site, in a browser that keeps the hub's cookies from it. */
const blocked = (site: string): Headers => ({
  referer: `${site}/`,
  'sec-fetch-dest': 'iframe',
  'sec-fetch-site': 'cross-site',
  'sec-fetch-storage-access': 'none',
})

/** The data in a frame's document. */
const dataOf = ({ text }: Reply) =>
  JSON.parse(/id=data>(.*?)<\/script>/s.exec(text)?.[1] ?? 'null') as FrameData

export async function askFor(
  visitor: Visitor,
  path: '/frame' | '/access',
  query: { readonly site: string; readonly nonce: string } & Record<string, string>,
  headers: Headers = {},
): Promise<Reply & { data: FrameData }> {
  const reply = await visitor.ask(`${visitor.hub}${path}?${new URLSearchParams(query)}`, {
    headers: { ...blocked(query.site), ...headers },
  })
  return { ...reply, data: dataOf(reply) }
}

/** A fetch of a document of the hub's own. */
const ownFetch = (visitor: Visitor, path: string, body: object | string, headers: Headers) =>
  visitor.ask(visitor.hub + path, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-session-hub': '1',
      origin: visitor.hub,
      'sec-fetch-site': 'same-origin',
      ...headers,
    },
  })

/** The frame asks again, in a browser that now gives it the hub's cookies. */
export const look = (
  visitor: Visitor,
  { site, proof, message }: FrameData,
  more = {},
  headers: Headers = {},
) =>
  ownFetch(
    visitor,
    '/look',
    { site, nonce: message.nonce, proof, ...more },
    { 'sec-fetch-storage-access': 'active', ...headers },
  )

/** The hub's page in a popup that a page of this site has opened. */
export const unlockPage = (visitor: Visitor, site: string | undefined, headers: Headers = {}) =>
  visitor.ask(`${visitor.hub}/unlock${site === undefined ? '' : `?${new URLSearchParams({ site })}`}`, {
    headers: {
      accept: 'text/html,*/*',
      'sec-fetch-dest': 'document',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-site': 'cross-site',
      ...headers,
    },
  })

/** The click in it. */
export const unlock = (visitor: Visitor, headers: Headers = {}, body: object | string = {}) =>
  ownFetch(visitor, '/unlock', body, headers)

/** What makes a request not the hub's own document's, each with one difference. */
export const strangersTo = (hub: string, site: string): Readonly<Record<string, Headers>> => ({
  'without the custom header': { 'x-session-hub': undefined },
  'with another value of it': { 'x-session-hub': '0' },
  'without Origin': { origin: undefined },
  'with the Origin of the site': { origin: site },
  'with the Origin null': { origin: 'null' },
  'with an Origin that begins alike': { origin: `${hub}0` },
  'from a page of the same site': { 'sec-fetch-site': 'same-site' },
  'from a page of another site': { 'sec-fetch-site': 'cross-site' },
  'typed by hand': { 'sec-fetch-site': 'none' },
  'without Sec-Fetch-Site': { 'sec-fetch-site': undefined },
})
