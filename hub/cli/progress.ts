/** Shows the progress of a long task: one moving line on a terminal, and a line now and then anywhere else. */

export interface Progress {
  /** @param of the total, if it is known */
  show(what: string, done: number, of: number | undefined): void
  /** Ends the moving line. */
  end(): void
}

const BAR = 30
const MOVE_MS = 100
const LINE_MS = 10_000

export function createProgress(stream: NodeJS.WriteStream): Progress {
  const everyMs = stream.isTTY ? MOVE_MS : LINE_MS
  let shownAtMs = -Infinity
  let shownWhat = ''
  let isMoving = false

  return {
    show(what, done, of) {
      const isNew = what !== shownWhat
      if (!isNew && performance.now() - shownAtMs < everyMs) return
      shownAtMs = performance.now()
      shownWhat = what
      const count = of === undefined ? numeral(done) : `${numeral(done)} of ${numeral(of)}`
      if (!stream.isTTY) stream.write(`${what}: ${count}\n`)
      else {
        const text = `${what.padEnd(20)} ${of === undefined ? '' : `${barOf(done, of)} `}${count}`
        stream.write(`\r${text.slice(0, (stream.columns || 80) - 1)}\u001b[K`)
        isMoving = true
      }
    },
    end() {
      if (isMoving) stream.write('\r\u001b[K')
      isMoving = false
    },
  }
}

function barOf(done: number, of: number): string {
  const part = of === 0 ? 1 : Math.min(1, done / of)
  return `[${'#'.repeat(Math.round(part * BAR)).padEnd(BAR, '-')}] ${String(Math.floor(part * 100)).padStart(3)} %`
}

export const numeral = (number: number): string => number.toLocaleString('en')
