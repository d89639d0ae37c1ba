import assert from 'node:assert/strict'

/** Asserts these members, whatever others there are. */
export function includes(actual: object, expected: object): void {
  const names = new Set(Object.keys(expected))
  const shown = Object.fromEntries(Object.entries(actual).filter(([name]) => names.has(name)))
  assert.deepEqual(shown, expected)
}
