/** Statements and expressions of a template, named as Jinja2 names them. */

export interface Arguments {
  readonly positional: readonly Expression[]
  readonly named: readonly (readonly [string, Expression])[]
}

export interface Slice {
  readonly start: Expression | undefined
  readonly stop: Expression | undefined
  readonly step: Expression | undefined
}

export type Constant = string | number | boolean | null | { readonly float: number }

export type Expression =
  | { readonly kind: 'constant'; readonly value: Constant }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly pairs: readonly (readonly [Expression, Expression])[] }
  | {
      readonly kind: 'if'
      readonly test: Expression
      readonly value: Expression
      readonly otherwise: Expression | undefined
    }
  | {
      readonly kind: 'unary' | 'filter' | 'test'
      /** A sign, `not`, or the name of the filter or test. */
      readonly name: string
      readonly operand: Expression
      readonly args: Arguments
    }
  | {
      readonly kind: 'binary'
      readonly operator: string
      readonly left: Expression
      readonly right: Expression
    }
  | {
      readonly kind: 'compare'
      readonly left: Expression
      readonly rest: readonly (readonly [string, Expression])[]
    }
  | { readonly kind: 'attribute'; readonly object: Expression; readonly name: string }
  | { readonly kind: 'item'; readonly object: Expression; readonly index: Expression }
  | { readonly kind: 'slice'; readonly object: Expression; readonly slice: Slice }
  | { readonly kind: 'call'; readonly callee: Expression; readonly args: Arguments }

/** What values are assigned to: a name, an attribute of a name, or a tuple of these. */
export type Target = Expression

export interface Parameter {
  readonly name: string
  readonly fallback: Expression | undefined
}

export type Body = readonly Statement[]

export type Statement =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly value: Expression }
  | {
      readonly kind: 'branches'
      readonly branches: readonly (readonly [Expression, Body])[]
      readonly otherwise: Body
    }
  | {
      readonly kind: 'for'
      readonly target: Target
      readonly iterable: Expression
      readonly test: Expression | undefined
      readonly body: Body
      readonly otherwise: Body
    }
  | { readonly kind: 'set'; readonly target: Target; readonly value: Expression }
  | { readonly kind: 'capture'; readonly target: Target; readonly body: Body }
  | {
      readonly kind: 'macro'
      readonly name: string
      readonly parameters: readonly Parameter[]
      readonly body: Body
    }
  | {
      readonly kind: 'with'
      readonly pairs: readonly (readonly [Target, Expression])[]
      readonly body: Body
    }
  | { readonly kind: 'break' | 'continue' }
