/**
 * Finds what can be broken in a source file, and writes the file anew with all of it behind a switch: `$m(17) ? true : (…)` is the
 * condition as it was, until mutant 17 is switched on. So all mutants are compiled once, and each costs no more than a test run.
 *
 * Each operand of `&&` and `||` falls alone; a whole condition is always true, then always false (a guard that is gone); a limit
 * is off by one; a call for its effect is left out.
 */
import ts from 'typescript'

export interface Mutant {
  readonly id: number
  readonly file: string
  readonly line: number
  /** Says which one it is also after lines have moved: the function, what is broken, and how. */
  readonly name: string
  /** The security rules that the source cites there, such as R37. */
  readonly rules: readonly string[]
}

interface Change {
  readonly how: string
  /** What stands there while the mutant is on. */
  readonly instead: string
}

interface Found {
  readonly source: string
  readonly mutants: readonly Mutant[]
}

export function mutate(file: string, text: string, firstId: number): Found {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true)
  const mutants: Mutant[] = []
  const names = new Map<string, number>()
  const lines = text.split('\n')

  const note = (node: ts.Node, how: string): number => {
    const id = firstId + mutants.length
    const what = `${functionOf(node)}: ${oneLine(node.getText(source))} → ${how}`
    const count = (names.get(what) ?? 0) + 1
    names.set(what, count)
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source))
    const rules = rulesIn(lines.slice(Math.max(0, line - COMMENT_LINES), line + 1).join('\n'))
    mutants.push({ id, file, line: line + 1, name: count > 1 ? `${what} (${count})` : what, rules })
    return id
  }

  /** The node's text, with everything below it changed too. */
  function written(node: ts.Node): string {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node))
      return node.getText(source)
    // In braces, so that an `else` behind it stays where it is.
    if (isEffect(node)) return `{ if (!$m(${note(node, 'left out')})) { ${inner(node)} } }`
    const changes = changesOf(node)
    if (changes.length === 0) return inner(node)
    const ids = changes.map(({ how, instead }) => `$m(${note(node, how)}) ? ${instead} : `)
    return `(${ids.join('')}(${inner(node)}))`
  }

  function inner(node: ts.Node): string {
    let out = ''
    let at = node.getStart(source)
    ts.forEachChild(node, (child) => {
      // A name and its value in one: nothing to change, and nowhere to put it.
      if (ts.isShorthandPropertyAssignment(node)) return
      out += text.slice(at, child.getStart(source)) + written(child)
      at = child.getEnd()
    })
    return out + text.slice(at, node.getEnd())
  }

  return { source: written(source), mutants }
}

/** How far above a condition its comment may stand. */
const COMMENT_LINES = 3

export const rulesIn = (text: string): readonly string[] => [...new Set(text.match(/\bR\d+\b/g))]

function changesOf(node: ts.Node): readonly Change[] {
  if (!ts.isExpression(node)) return []
  const changes: Change[] = []
  const chain = chainOf(node.parent)
  // Where one operand of several is left out, more is let through already than by a whole condition that always holds.
  if (isWhole(node)) changes.push(...both.filter(({ how }) => how !== neutralOf(chainOf(node))))
  else if (chain && chainOf(node) !== chain && !isValue(node))
    changes.push(...both.filter(({ how }) => how === neutralOf(chain)))
  const shifted = isComparison(node) && shift[node.operatorToken.kind]
  if (shifted) {
    const { left, right } = node
    changes.push({ how: shifted, instead: `(${left.getText()}) ${shifted} (${right.getText()})` })
  }
  if (isLimit(node)) changes.push({ how: 'one more', instead: `${node.text} + 1` })
  return changes
}

const both: readonly Change[] = [
  { how: 'true', instead: 'true' },
  { how: 'false', instead: 'false' },
]

/** What an operand of `&&` or `||` is as if it were not there. */
const neutralOf = (chain: ts.SyntaxKind | undefined) =>
  chain === undefined ? undefined : String(chain === ts.SyntaxKind.AmpersandAmpersandToken)

/** `<` and `<=` differ where a limit is met exactly. */
const shift: Partial<Record<ts.SyntaxKind, string>> = {
  [ts.SyntaxKind.LessThanToken]: '<=',
  [ts.SyntaxKind.LessThanEqualsToken]: '<',
  [ts.SyntaxKind.GreaterThanToken]: '>=',
  [ts.SyntaxKind.GreaterThanEqualsToken]: '>',
}

/** A whole condition, or a whole answer of yes or no. */
function isWhole(node: ts.Expression): boolean {
  const { parent } = node
  if (ts.isIfStatement(parent) || ts.isConditionalExpression(parent))
    return node === ('expression' in parent ? parent.expression : parent.condition)
  if (!isYesOrNo(node)) return false
  return (
    ts.isReturnStatement(parent) ||
    (ts.isArrowFunction(parent) && parent.body === node) ||
    (ts.isVariableDeclaration(parent) && parent.initializer === node) ||
    (ts.isPropertyAssignment(parent) && parent.initializer === node)
  )
}

const yesOrNo = /(^|\.)(is|has|may|was|can|needs|includes|test|startsWith|endsWith|some|every)([A-Z]\w*)?$/

function isYesOrNo(node: ts.Expression): boolean {
  if (ts.isParenthesizedExpression(node)) return isYesOrNo(node.expression)
  if (ts.isAwaitExpression(node)) return isYesOrNo(node.expression)
  if (ts.isPrefixUnaryExpression(node)) return node.operator === ts.SyntaxKind.ExclamationToken
  if (ts.isCallExpression(node)) return yesOrNo.test(node.expression.getText())
  if (!ts.isBinaryExpression(node)) return false
  return chainOf(node) ? isYesOrNo(node.left) && isYesOrNo(node.right) : isComparison(node)
}

/** The `&&` or `||` of a condition. */
function chainOf(node: ts.Node): ts.SyntaxKind | undefined {
  if (!ts.isBinaryExpression(node)) return undefined
  const { kind } = node.operatorToken
  const isChain = kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken
  return isChain ? kind : undefined
}

/** What a condition gives where it holds, such as a default. */
const isValue = (node: ts.Node) =>
  ts.isLiteralExpression(node) ||
  ts.isObjectLiteralExpression(node) ||
  ts.isArrayLiteralExpression(node) ||
  (ts.isParenthesizedExpression(node) && ts.isObjectLiteralExpression(node.expression))

const comparisons = new Set<ts.SyntaxKind>([
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.LessThanToken,
  ts.SyntaxKind.LessThanEqualsToken,
  ts.SyntaxKind.GreaterThanToken,
  ts.SyntaxKind.GreaterThanEqualsToken,
  ts.SyntaxKind.InKeyword,
])

const isComparison = (node: ts.Node): node is ts.BinaryExpression =>
  ts.isBinaryExpression(node) && comparisons.has(node.operatorToken.kind)

/** Called for what it does, such as a check that throws; notes in a log are none of it. */
function isEffect(node: ts.Node): boolean {
  if (!ts.isExpressionStatement(node)) return false
  let { expression } = node
  if (ts.isVoidExpression(expression) || ts.isAwaitExpression(expression)) expression = expression.expression
  return (
    ts.isCallExpression(expression) && !/(^|\.)(log|logError|super)$/.test(expression.expression.getText())
  )
}

/** A number in the table of limits. */
function isLimit(node: ts.Node): node is ts.NumericLiteral {
  if (!ts.isNumericLiteral(node)) return false
  for (let at: ts.Node = node; !ts.isSourceFile(at); at = at.parent)
    if (ts.isVariableDeclaration(at)) return at.name.getText() === 'limits'
  return false
}

function functionOf(node: ts.Node): string {
  for (let at = node.parent; !ts.isSourceFile(at); at = at.parent) {
    if ((ts.isFunctionDeclaration(at) || ts.isMethodDeclaration(at)) && at.name) return at.name.getText()
    if (ts.isVariableDeclaration(at) && at.initializer && ts.isFunctionLike(at.initializer))
      return at.name.getText()
  }
  return '-'
}

const oneLine = (code: string) => {
  const line = code.replace(/\s+/g, ' ')
  return line.length <= 90 ? line : `${line.slice(0, 87)}…`
}
