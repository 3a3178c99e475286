import { UserError } from '../errors.ts'
import type { Node } from './jinja.ts'

/** Statements and expressions whose cost `runLimited` accounts for; every other kind is refused. */
const KNOWN = new Set(
  `Program If For Break Continue Set Macro Comment
  Identifier IntegerLiteral FloatLiteral StringLiteral ArrayLiteral TupleLiteral ObjectLiteral
  MemberExpression CallExpression KeywordArgumentExpression SliceExpression FilterExpression
  TestExpression SelectExpression UnaryExpression BinaryExpression Ternary`.split(/\s+/),
)

/**
 * Checks a parsed template, and returns the nodes whose value becomes text where they stand. Throws
 * UserError for a kind of node that is not known to be harmless.
 */
export function checkTemplate(program: Node): ReadonlySet<Node> {
  const outputs = new Set<Node>()
  const visit = (field: unknown): void => {
    if (Array.isArray(field)) field.forEach(visit)
    else if (field instanceof Map) for (const entry of field) visit(entry)
    else if (isNode(field)) {
      if (!KNOWN.has(field.type)) {
        throw new UserError(`the chat template uses ${field.type}, which is not supported`)
      }
      for (const [name, child] of Object.entries(field)) {
        if (name === 'operator') continue
        if (BLOCKS.has(name) && Array.isArray(child)) for (const node of child) outputs.add(node)
        visit(child)
      }
    }
  }
  visit(program)
  return outputs
}

const BLOCKS = new Set(['body', 'alternate', 'defaultBlock'])

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value
