/** Chance from a number: the same each time. */

export interface Dice {
  below(sides: number): number
  chance(probability: number): boolean
  one<Kind>(list: readonly Kind[]): Kind
  /** Any part of a list. */
  some<Kind>(list: readonly Kind[]): readonly Kind[]
}

/** mulberry32: small, and good enough to choose what to try. */
export function diceFrom(seed: number): Dice {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (sides: number) => Math.floor(next() * sides)
  return {
    below,
    chance: (probability) => next() < probability,
    one: <Kind>(list: readonly Kind[]) => list[below(list.length)]!,
    some: (list) => list.filter(() => next() < 0.5),
  }
}
