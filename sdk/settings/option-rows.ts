/**
 * Options, each declared once. A row is everything that is known of an option: the parser reads its check and its default, `--help` its text,
 * and `npm run docs:options` writes the interface and the reference from it.
 */
import { callable, flag, oneOf, origin, whole } from './checks.js'
import { refuseUnknown } from './refuse-unknown.js'

/** What people read about an option. */
export interface OptionText {
  /** What it does, in one sentence without its period: Markdown, with links as from `docs/`. */
  readonly text: string
  /** Further sentences, for the reference and the type. */
  readonly more?: string
  readonly unit?: string
  /** The default in words, if it is not a single value. */
  readonly shown?: string
  /** Whether it may be a function, which JSON cannot express. */
  readonly code?: 'only' | 'also'
}

export interface OptionRow extends OptionText {
  readonly required?: true
  readonly default?: unknown
  readonly check: Check<unknown>
}

export type OptionRows = Readonly<Record<string, OptionRow>>

export interface Check<Value> {
  /** The option's type in the interface. */
  readonly type: string
  /** What the reference adds to the unit. */
  readonly range?: string
  /**
   * @param above the values of the rows above this one, for an option that depends on another
   * @throws SessionHubError `options_invalid`
   */
  readonly read: (where: string, name: string, given: unknown, above: ReadValues) => Value
}

type ReadValues = Readonly<Record<string, unknown>>

/** The options after defaults and checks. An optional one without a default may be `undefined`. */
export type OptionValues<Rows> = {
  readonly [Name in keyof Rows]: Rows[Name] extends { check: Check<infer Value> }
    ? Rows[Name] extends { required: true } | { default: unknown }
      ? Value
      : Value | undefined
    : never
}

/** @throws SessionHubError `options_invalid` */
export function readOptions<Rows extends OptionRows>(
  where: string,
  rows: Rows,
  given: unknown,
): OptionValues<Rows> {
  refuseUnknown(where, given, Object.keys(rows))
  return readRows(where, rows, given as object)
}

/**
 * The same for options whose names have been checked.
 *
 * @throws SessionHubError `options_invalid`
 */
export function readRows<Rows extends OptionRows>(
  where: string,
  rows: Rows,
  given: object,
): OptionValues<Rows> {
  const values: Record<string, unknown> = {}
  for (const [name, row] of Object.entries(rows)) {
    const said: unknown = Reflect.get(given, name)
    const value = said === undefined ? row.default : said
    values[name] =
      value === undefined && !row.required ? undefined : row.check.read(where, name, value, values)
  }
  return values as OptionValues<Rows>
}

// Checks that more than one option has

export const anOrigin: Check<string> = { type: 'string', read: origin }

export const yesOrNo: Check<boolean> = { type: 'boolean', read: flag }

export const wholeNumber = (bounds: { readonly min: number; readonly max: number }): Check<number> => ({
  type: 'number',
  range: `${bounds.min} to ${bounds.max}`,
  read: (where, name, given) => whole(where, name, given, bounds),
})

export const choice = <Value extends string>(type: string, values: readonly Value[]): Check<Value> => ({
  type,
  read: (where, name, given) => oneOf(where, name, given, values),
})

export const aFunction = <Value>(type: string): Check<Value> => ({
  type,
  read: (where, name, given) => callable(where, name, given as Value),
})

/** A clock, in whole milliseconds: some clocks count parts of them, which neither signed times nor stores take. */
export const aClock: Check<() => number> = {
  type: '() => number',
  read(where, name, given) {
    const clock = callable(where, name, given as () => number)
    return () => Math.floor(clock())
  },
}
