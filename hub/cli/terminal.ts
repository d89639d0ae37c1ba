/** Output that a person may read: colours only on a terminal, and only if they are wanted (https://no-color.org). */
import { styleText } from 'node:util'

export type Style = Parameters<typeof styleText>[0]
export type Paint = (style: Style, text: string) => string

export function painter(stream: NodeJS.WriteStream): Paint {
  if (!stream.isTTY || process.env['NO_COLOR']) return (_style, text) => text
  return (style, text) => styleText(style, text, { validateStream: false })
}

/** Advice about the result. It goes to stderr, so that stdout holds only the result. */
export function hint(text: string): void {
  process.stderr.write(`${painter(process.stderr)('dim', text)}\n`)
}

/** Ends the process when everything is written: on some systems output to a pipe is still under way. */
export function leave(code: number): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
}

/** A reader that went away, such as `head` or a log collector, must not end a running hub. */
export function survivePipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}
