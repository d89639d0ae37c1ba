/** Which texts are origins: exactly those that a browser writes into `Origin` and that name one single site. */
import { inspect } from 'node:util'
import { expect } from 'chai'

import { isLoopback, originFault, parseOrigin } from '../../sdk/protocol/origins.js'

const origins = [
  'https://shop.example',
  'https://a.b.shop.example',
  'https://shop.example:8443',
  'https://xn--bcher-kva.example',
  'https://192.0.2.1',
  'https://[2001:db8::1]',
  'http://localhost',
  'http://localhost:3000',
  'http://shop.localhost:3000',
  'http://127.0.0.1:3000',
  'http://[::1]:3000',
]

const others: readonly unknown[] = [
  '',
  'null',
  '*',
  'https://',
  'https://shop.example/',
  'https://shop.example/path',
  'https://shop.example?x',
  'https://shop.example#x',
  'https://shop.example:443',
  'http://localhost:80',
  'HTTPS://shop.example',
  'https://Shop.example',
  'https://bücher.example',
  ' https://shop.example',
  'https://shop.example ',
  'https://shop.example\n',
  'https://user@shop.example',
  'https://shop.example\\x',
  'https:shop.example',
  '//shop.example',
  'shop.example',
  'http://shop.example',
  'http://localhost.example',
  'http://127.0.0.2',
  'ws://localhost',
  'file:///etc/passwd',
  'data:text/html,x',
  'javascript:alert(1)',
  'blob:https://shop.example/x',
  'about:blank',
  'https://0x7f.1',
  `https://${'a.'.repeat(130)}example`,
  undefined,
  null,
  7,
  ['https://shop.example'],
  { toString: () => 'https://shop.example' },
]

/** Valid for a URL parser; in a Content-Security-Policy they mean many sites, or another directive (R14). */
const notOneSite = [
  'https://*.shop.example',
  'https://*',
  'https://shop.example;script-src',
  "https://shop.example;frame-ancestors'self'",
  'https://shop.example,other.example',
  "https://'none'",
]

describe('origins', () => {
  for (const origin of origins) {
    it(`${origin} is one`, () => {
      expect(parseOrigin(origin)).to.equal(origin)
      expect(originFault(origin)).to.equal(undefined)
    })
  }
  for (const other of others) {
    it(`${inspect(other).slice(0, 60)} is none`, () => {
      expect(originFault(other)).to.be.a('string')
      expect(() => parseOrigin(other))
        .to.throw()
        .with.property('code', 'request_invalid')
    })
  }
  for (const other of notOneSite) {
    it(`R14: ${other} is none, though a URL parser takes it`, () => {
      expect(originFault(other)).to.be.a('string')
    })
  }

  for (const [hostname, expected] of [
    ['localhost', true],
    ['shop.localhost', true],
    ['127.0.0.1', true],
    ['[::1]', true],
    ['localhost.example', false],
    ['notlocalhost', false],
    ['127.0.0.2', false],
    ['', false],
  ] as const) {
    it(`"${hostname}" ${expected ? 'is' : 'is not'} this very machine`, () => {
      expect(isLoopback(hostname)).to.equal(expected)
    })
  }
})
