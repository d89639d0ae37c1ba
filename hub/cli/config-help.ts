/** The keys of a configuration as `--help` shows them, written from their rows. */
import type { OptionRow, OptionText } from '../../sdk/settings/option-rows.js'
import { shownDefault, unitOf } from '../../sdk/settings/option-words.js'
import { configRows } from './config-rows.js'

const WIDTH = 120

export function configHelp(): string {
  const margin = Math.max(...Object.keys(configRows).map((name) => name.length)) + 4
  return Object.entries(configRows)
    .map(([name, row]) => `  ${name}`.padEnd(margin) + wrapped(sentence(row), margin))
    .join('\n')
}

/** The row's text, unit and default, without Markdown. */
function sentence(row: OptionText & Partial<OptionRow>): string {
  const unit = unitOf(row)
  const initial = shownDefault(row)
  const isNone = initial === '' || initial.startsWith('none')
  const said = [
    unit,
    row.required ? 'required' : !isNone && `default ${initial}`,
    ONLY_CODE[row.code ?? 'no'],
  ]
  return plain([row.text, ...said.filter(Boolean)].join('; '))
}

const ONLY_CODE = { only: 'only in .mjs', also: 'as a function only in .mjs', no: '' }

const plain = (markdown: string) => markdown.replace(/\[([^\]]+)\]\([^)]+\)/g, '$1').replaceAll('`', '')

function wrapped(text: string, margin: number): string {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= WIDTH - margin)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.join(`\n${' '.repeat(margin)}`)
}
