/** What a request says of where it comes from, each sign of it alone. */
import { expect } from 'chai'

import type { RequestHead } from '../../sdk/http/head.js'
import {
  isNavigation,
  isOwnFetch,
  isPostFromElsewhere,
  pathOf,
  queryOf,
  single,
} from '../../sdk/http/navigation.js'
import { type BodySource, readForm, readJsonBody } from '../../sdk/http/body.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'

const by = (headers: Record<string, string>, method = 'GET') =>
  ({ method, headers }) as unknown as RequestHead
const fetched = (site: string, mode: string, dest: string, more: Record<string, string> = {}) => ({
  'sec-fetch-site': site,
  'sec-fetch-mode': mode,
  'sec-fetch-dest': dest,
  ...more,
})
const worker = fetched('same-origin', 'same-origin', 'empty', { 'upgrade-insecure-requests': '1' })
const expectEach = (
  is: (head: RequestHead) => boolean,
  right: readonly object[],
  wrong: readonly object[],
) => {
  for (const headers of right) expect(is(by({ ...headers })), JSON.stringify(headers)).to.equal(true)
  for (const headers of wrong) expect(is(by({ ...headers })), JSON.stringify(headers)).to.equal(false)
}

describe('a visitor’s own window', () => {
  it('is known by its headers', () => {
    expectEach(
      isNavigation,
      [
        fetched('none', 'navigate', 'document'),
        fetched('cross-site', 'navigate', 'document'),
        // A service worker handed it on.
        fetched('same-origin', 'navigate', 'empty'),
        worker,
        { accept: 'text/html,application/xhtml+xml' },
      ],
      [
        fetched('same-origin', 'navigate', 'iframe'),
        fetched('same-origin', 'navigate', 'frame'),
        fetched('same-origin', 'cors', 'empty'),
        fetched('same-origin', 'no-cors', 'image'),
        fetched('same-origin', 'same-origin', 'script', { 'upgrade-insecure-requests': '1' }),
        fetched('same-origin', 'same-origin', 'empty'),
        { ...worker, 'upgrade-insecure-requests': '0' },
        { ...worker, 'sec-fetch-mode': 'cors' },
        { accept: '*/*' },
        { accept: 'text/html5' },
        {},
      ],
    )
  })

  it('is not there yet while somebody only prepares for it', () => {
    const window = fetched('none', 'navigate', 'document')
    for (const name of [
      'sec-purpose',
      'purpose',
      'x-purpose',
      'x-moz',
      'x-sec-purpose',
      'next-router-prefetch',
      'hx-preloaded',
    ])
      for (const value of ['prefetch', '', '1'])
        expectEach(
          isNavigation,
          [window],
          [
            { ...window, [name]: value },
            { accept: 'text/html', [name]: value },
          ],
        )
  })
})

describe('a fetch by the site’s own script', () => {
  it('is known by all three headers', () => {
    expectEach(
      isOwnFetch,
      [fetched('same-origin', 'cors', 'empty'), fetched('same-origin', 'same-origin', 'empty')],
      [
        fetched('same-origin', 'no-cors', 'empty'),
        fetched('same-site', 'cors', 'empty'),
        fetched('cross-site', 'cors', 'empty'),
        fetched('same-origin', 'cors', 'script'),
        {},
      ],
    )
  })
})

describe('a post from another site', () => {
  const shop = 'https://shop.example'
  const isFrom = (headers: Record<string, string>, method = 'POST') =>
    isPostFromElsewhere(by(headers, method), shop)

  it('is known by Fetch Metadata, and in a browser without it by its origin', () => {
    expect(isFrom({ 'sec-fetch-site': 'cross-site', origin: shop })).to.equal(true)
    expect(isFrom({ origin: 'https://other.example' })).to.equal(true)
    expect(isFrom({ origin: 'null' }, 'PUT')).to.equal(true)
  })

  it('is none of the site’s own, of a program’s, and none where nothing is changed', () => {
    expect(isFrom({ origin: shop })).to.equal(false)
    expect(isFrom({})).to.equal(false)
    for (const site of ['same-origin', 'same-site', 'none'])
      expect(isFrom({ 'sec-fetch-site': site, origin: 'https://other.example' }), site).to.equal(false)
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE'])
      expect(isFrom({ 'sec-fetch-site': 'cross-site' }, method), method).to.equal(false)
  })
})

describe('an address', () => {
  it('has a path, a query, and members that stand once', () => {
    expect(pathOf('/a?b?c')).to.equal('/a')
    expect(pathOf('/a')).to.equal('/a')
    expect(single(queryOf('/a?b=1&c=2&c=3&d='), 'b')).to.equal('1')
    expect(single(queryOf('/a?b=1&c=2&c=3&d='), 'c')).to.equal(undefined)
    expect(single(queryOf('/a?b=1&c=2&c=3&d='), 'd')).to.equal('')
    expect(single(queryOf('/a'), 'b')).to.equal(undefined)
  })
})

describe('a body', () => {
  const source = (type: string | undefined, text: string, body?: unknown): BodySource => ({
    headers: type === undefined ? {} : { 'content-type': type },
    ...(body !== undefined && { body }),
    readText: () => Promise.resolve(text),
  })
  const codeOf = async (reading: Promise<unknown>) =>
    reading.then(
      () => 'taken',
      (error: unknown) => (error as SessionHubError).code,
    )

  it('is JSON only where it says so: a form of another site’s cannot', async () => {
    for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON ;x'])
      expect(await readJsonBody(source(type, '{"a":1}')), type).to.deep.equal({ a: 1 })
    for (const type of [
      undefined,
      '',
      'text/plain',
      'text/plain;application/json',
      'application/json5',
      'x application/json',
    ])
      expect(await codeOf(readJsonBody(source(type, '{}'))), type).to.equal('media_type_invalid')
  })

  it('is a form only where it says so', async () => {
    for (const type of [
      'application/x-www-form-urlencoded',
      'application/x-www-form-urlencoded; charset=utf-8',
    ])
      expect((await readForm(source(type, 'a=1&b=2'))).get('b'), type).to.equal('2')
    for (const type of [
      undefined,
      '',
      'text/plain',
      'multipart/form-data',
      'application/x-www-form-urlencoded-more',
    ])
      expect(await codeOf(readForm(source(type, 'a=1'))), type).to.equal('media_type_invalid')
  })

  it('that an application’s own parser has read gives the same members, and nothing of another form', async () => {
    const form = (body: unknown) => readForm(source('application/x-www-form-urlencoded', 'a=unread', body))
    expect([...(await form({ a: '1', b: ['2', '3'] }))]).to.deep.equal([
      ['a', '1'],
      ['b', '2'],
      ['b', '3'],
    ])
    // A list of one is made of another name, and what is no text is made by nobody's form.
    expect([...(await form({ a: ['1'], b: 2, c: { d: '1' }, e: null, f: [['x'], 'y'] }))]).to.deep.equal([
      ['f', 'y'],
    ])
    for (const body of [null, ['a'], 1]) expect([...(await form(body))]).to.deep.equal([])
  })

  it('that an application has kept as text or as bytes is read, within the bounds', async () => {
    for (const kept of [(text: string) => text, (text: string) => Buffer.from(text)]) {
      const read = async (text: string) => [
        ...(await readForm(source('application/x-www-form-urlencoded', 'a=unread', kept(text)))),
      ]
      expect(await read('a=1&a=2')).to.deep.equal([
        ['a', '1'],
        ['a', '2'],
      ])
      const json = (text: string) => readJsonBody(source('application/json', '{"a":"unread"}', kept(text)))
      expect(await json('{"a":1}')).to.deep.equal({ a: 1 })
      expect(await codeOf(json('{"a":1,"a":2}'))).to.equal('request_invalid')
      expect(await codeOf(json(`"${'a'.repeat(8190)}"`))).to.equal('taken')
      expect(await codeOf(json(`"${'a'.repeat(8191)}"`))).to.equal('body_too_large')
    }
    expect(
      await codeOf(readJsonBody(source('application/json', '', Buffer.from([0x22, 0xff, 0x22])))),
    ).to.equal('request_invalid')
  })
})
