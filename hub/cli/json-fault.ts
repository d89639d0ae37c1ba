/**
 * Finds where JSON text breaks, and what was expected there. For many faults V8 names no place, and it quotes the text around
 * them, which may be a key.
 */

type Expected =
  | 'a value'
  | 'a value or "]"'
  | 'a key in double quotes'
  | 'a key in double quotes or "}"'
  | '":"'
  | '"," or "}"'
  | '"," or "]"'
  | 'the end of the text'

type Bracket = '{' | '['

/** @returns for example `line 3, column 5: a value is expected`; `undefined` if the text is JSON */
export function jsonFault(text: string): string | undefined {
  const open: Bracket[] = []
  let expected: Expected = 'a value'
  TOKEN.lastIndex = 0
  for (;;) {
    const token: string = TOKEN.exec(text)?.[1] ?? ''
    const next: Expected | undefined = token === '' ? undefined : follow(expected, token, open)
    if (next === undefined) return faultAt(text, TOKEN.lastIndex - token.length, expected)
    expected = next
  }
}

/** White space, then one token or nothing. It is sticky, so that it never skips what it does not know. */
const TOKEN =
  // eslint-disable-next-line no-control-regex -- control characters are just what a JSON string must not hold
  /[ \t\n\r]*([{}[\]:,]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)?/y

/** @returns what may come after the token; `undefined` when the token itself was not expected */
function follow(expected: Expected, token: string, open: Bracket[]): Expected | undefined {
  switch (expected) {
    case 'a value':
      return startValue(token, open)
    case 'a value or "]"':
      return token === ']' ? endValue(open) : startValue(token, open)
    case 'a key in double quotes':
      return token.startsWith('"') ? '":"' : undefined
    case 'a key in double quotes or "}"':
      if (token === '}') return endValue(open)
      return token.startsWith('"') ? '":"' : undefined
    case '":"':
      return token === ':' ? 'a value' : undefined
    case '"," or "}"':
      if (token === '}') return endValue(open)
      return token === ',' ? 'a key in double quotes' : undefined
    case '"," or "]"':
      if (token === ']') return endValue(open)
      return token === ',' ? 'a value' : undefined
    case 'the end of the text':
      return undefined
  }
}

function startValue(token: string, open: Bracket[]): Expected | undefined {
  if (token === '{' || token === '[') {
    open.push(token)
    return token === '{' ? 'a key in double quotes or "}"' : 'a value or "]"'
  }
  return /^[\]},:]/.test(token) ? undefined : within(open)
}

function endValue(open: Bracket[]): Expected {
  open.pop()
  return within(open)
}

function within(open: readonly Bracket[]): Expected {
  const bracket = open.at(-1)
  if (bracket === undefined) return 'the end of the text'
  return bracket === '{' ? '"," or "}"' : '"," or "]"'
}

function faultAt(text: string, index: number, expected: Expected): string | undefined {
  if (expected === 'the end of the text' && index === text.length) return undefined
  const lines = text.slice(0, index).split('\n')
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}: ${expected} is expected`
}
