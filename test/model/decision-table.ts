/** The decision of docs/protocol.md, as a table of words: written from the document, not from the product's code. */

export type Kind = 'none' | 'empty' | 'data' | 'user'

/** One column for each of these. */
const COLUMNS = [
  'keep-both',
  'choice hub',
  'choice site',
  'hub',
  'site',
  'site, after news',
  'site yields',
] as const
export type Column = (typeof COLUMNS)[number]

export type Outcome = 'none' | 'keep' | 'replace' | 'adopt' | 'adopt, merge' | 'conflict'

const always = (outcome: Outcome): readonly Outcome[] => COLUMNS.map(() => outcome)

const ROWS: Readonly<Record<string, readonly Outcome[]>> = {
  'none + none': always('none'),
  'none + anonymous': always('replace'),
  'none + user': always('replace'),
  'empty + none': always('none'),
  'empty + anonymous': always('replace'),
  'empty + user': always('replace'),
  'data + none': always('adopt'),
  'data + anonymous': always('replace'),
  'data + user': always('replace'),
  'user + none': always('adopt'),
  'user + anonymous': [...always('adopt, merge').slice(1), 'replace'],
  'user + the same user': always('replace'),
  'user + another user': ['conflict', 'replace', 'adopt', 'replace', 'adopt', 'keep', 'replace'],
}

export const outcomeOf = (site: Kind, hub: string, column: Column): Outcome =>
  ROWS[`${site} + ${hub}`]![COLUMNS.indexOf(column)]!
