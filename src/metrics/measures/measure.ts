import type { Statistics } from '../bootstrap.ts'
import type { Item } from '../item.ts'

export interface Metric {
  readonly better: 'higher' | 'lower'
  /** The highest value, of metrics that count from 0; default: 1. */
  readonly most?: number
  /** The number of an item whose mean the metric is; absent, or undefined, where it is no mean. */
  of?(item: Item): number | undefined
  /** Of each item, `of` is 0 or 1. */
  readonly isProportion?: boolean
}

/** What evaluation computes of items: metrics that belong together. */
export interface Measure {
  /** By name, in the order in which they are shown. */
  readonly metrics: Readonly<Record<string, Metric>>
  /** Those that training reports. */
  readonly brief: readonly string[]
  /** Items that it is of; default: all. */
  covers?(item: Item): boolean
  /** The metrics that are no means of items. */
  statistics?(items: readonly Item[]): Statistics
}

/** A sum over the items of one of their scores, each by its weight. */
export const summed = (items: readonly Item[], score: string) => {
  const values = Float64Array.from(items, ({ scores }) => scores[score] ?? 0)
  return (weights: ArrayLike<number>): number => {
    let sum = 0
    for (let i = 0; i < values.length; i++) sum += (values[i] as number) * (weights[i] as number)
    return sum
  }
}

/** a / b; undefined where b is 0. */
export const quotient = (a: number, b: number): number | undefined => (b === 0 ? undefined : a / b)

/** One text, or nothing. */
export const asText = (answer: Item['expected']): string | undefined =>
  typeof answer === 'string' ? answer : undefined
