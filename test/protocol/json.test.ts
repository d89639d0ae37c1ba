/** JSON from strangers: what is refused beside what `JSON.parse` refuses (R6, R31). */
import { expect } from 'chai'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import { checkJson, parseJson, parseJsonObject } from '../../sdk/protocol/json.js'

const refused = (act: () => unknown) => {
  expect(act).to.throw(SessionHubError).with.property('code', 'request_invalid')
}
const keys = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, key) => [`k${key}`, key]))
const nested = (levels: number, [open, close]: readonly [string, string]) =>
  open.repeat(levels) + (open === '[' ? '' : '1') + close.repeat(levels)
const list = ['[', ']'] as const
const object = ['{"a":', '}'] as const

const fine: Record<string, string> = {
  'a number': '7',
  null: 'null',
  'an empty object': '{}',
  'brackets in text': '{"a":"[[[[[[[[{{{{{{{{"}',
  'quotes in text': '{"a":"\\"b\\":","c":"\\\\"}',
  'a colon behind text that is no key': '["a",{"b":"c"}]',
  'one key in two objects': '{"a":{"a":1},"b":{"a":1}}',
  'one key in two objects of a list': '[{"a":1},{"a":1}]',
  'keys that differ in case': '{"a":1,"A":2}',
  'a key and an equal value': '{"a":"a","b":"a"}',
  'white space': ' \t\r\n{ \n"a"\t:\r1 } ',
  'five levels of lists': nested(5, list),
  'five levels of objects': nested(5, object),
  'thirty-two keys': JSON.stringify(keys(32)),
  'an empty key': '{"":1}',
  'a key with escapes': '{"\\u00e4\\n":1}',
}

const wrong: Record<string, string> = {
  nothing: '',
  'half an object': '{"a":1',
  'a second value': '{}{}',
  'a trailing comma': '{"a":1,}',
  'single quotes': "{'a':1}",
  'a comment': '{}/* */',
  NaN: 'NaN',
  'a bare word': 'a',
  'a key twice': '{"a":1,"a":1}',
  'a key twice, apart': '{"a":{"b":1},"c":[1,2],"a":2}',
  'a key twice, white space between': '{"a" :1,"a"\n:2}',
  'a key twice, in two spellings': '{"a":1,"\\u0061":2}',
  'an empty key twice': '{"":1,"":2}',
  'a key twice, inside': '[{"x":{"a":1,"a":2}}]',
  'a key twice, behind a text with brackets': '{"x":"}","a":1,"a":2}',
  'a key twice, behind escaped quotes': '{"x":"\\\\\\"","a":1,"a":2}',
  __proto__: '{"__proto__":1}',
  '__proto__ inside': '{"a":[{"__proto__":{"x":1}}]}',
  '__proto__ with an escape': '{"__pr\\u006fto__":1}',
  'six levels of lists': nested(6, list),
  'six levels of objects': nested(6, object),
  'ten thousand lists': nested(10_000, list),
  'ten thousand objects': nested(10_000, object),
  'a million open brackets': '['.repeat(1_000_000),
  'thousands of open quotes': '"\\'.repeat(500),
  'thirty-three keys': JSON.stringify(keys(33)),
  'a byte order mark': '\ufeff{}',
  'a control character in text': '{"a":"\u0001"}',
}

describe('JSON from strangers', () => {
  for (const [name, text] of Object.entries(fine)) {
    it(`${name} is read as JSON.parse reads it`, () => {
      expect(parseJson(text)).to.deep.equal(JSON.parse(text))
    })
  }
  for (const [name, text] of Object.entries(wrong)) {
    it(`${name} is refused`, () => {
      refused(() => parseJson(text))
    })
  }
  it('an object is no list and no null', () => {
    for (const text of ['[]', 'null', '"a"', '1']) refused(() => parseJsonObject(text))
    expect(parseJsonObject('{}')).to.deep.equal({})
  })
  for (const [name, text] of Object.entries({
    'quotes without end': '"'.repeat(131_072),
    'escaped quotes without a first one': '\\"'.repeat(65_536),
    'quotes and backslashes': '"\\'.repeat(65_536),
    'objects without end': '{"a'.repeat(43_690),
    'text after text': `{${'"a" '.repeat(32_768)}`,
    'white space': `{"a"${' '.repeat(131_072)}`,
  })) {
    it(`R31: ${name}: costs no more than its length`, () => {
      const began = performance.now()
      refused(() => parseJson(text))
      expect(performance.now() - began).to.be.below(1000)
    })
  }
})

describe('a value that somebody else has parsed', () => {
  const circle: Record<string, unknown> = {}
  circle.self = circle
  const values: Record<string, unknown> = {
    undefined: undefined,
    'a function': () => 1,
    'a symbol': Symbol('x'),
    'a bigint': 1n,
    NaN: NaN,
    infinity: { a: Infinity },
    'undefined inside': { a: undefined },
    'a circle': circle,
    'six levels': [[[[[[]]]]]],
    'thirty-three keys': keys(33),
    __proto__: JSON.parse('{"__proto__":1}'),
  }
  for (const [name, value] of Object.entries(values)) {
    it(`(${name}) is refused`, () => {
      refused(() => checkJson(value))
    })
  }
  it('is taken as it is within the same bounds', () => {
    for (const value of [null, true, 'a', 7, [[[[[]]]]], keys(32), { a: [{ b: null }] }]) {
      expect(checkJson(value)).to.equal(value)
    }
  })
})
