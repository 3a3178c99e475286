import { UserError } from '../errors.ts'
import { encodeInput } from '../text/encode-input.ts'
import type { TextModel } from './text-model.ts'

/** A text, or a pair of texts. */
export type TextInput = string | { readonly text: string; readonly pair?: string }

export interface Classified {
  label: string
  /** Of that label. */
  probability: number
  /** All labels, the likeliest first. */
  labels: { label: string; probability: number }[]
}

interface Options {
  signal?: AbortSignal
}

/** The likeliest label of each text. Throws UserError if the model is for another task. */
export async function classify(
  model: TextModel,
  texts: readonly TextInput[],
  options: Options = {},
): Promise<Classified[]> {
  const { labels } = expectTask(model, 'classify')
  const outputs = await model.outputs(encodeAll(model, texts), options)
  return outputs.map((logits) => {
    const probabilities = softmax(logits)
    const all = labels.map((label, i) => ({ label, probability: probabilities[i] as number }))
    all.sort((a, b) => b.probability - a.probability)
    return { ...(all[0] as (typeof all)[number]), labels: all }
  })
}

/** The number that a `regress` model assigns to each text, such as a reward. */
export async function estimate(
  model: TextModel,
  texts: readonly TextInput[],
  options: Options = {},
): Promise<number[]> {
  expectTask(model, 'regress')
  const outputs = await model.outputs(encodeAll(model, texts), options)
  return outputs.map((values) => values[0] as number)
}

/** Encodes texts, truncated to the model's context. */
export const encodeAll = ({ tokenizer, context }: TextModel, texts: readonly TextInput[]) =>
  texts.map((input) => {
    const { text, pair } = typeof input === 'string' ? { text: input, pair: undefined } : input
    return encodeInput(tokenizer, text, { pair, maxLength: context })
  })

/** The head's configuration. Throws UserError if the model is for another task. */
export function expectTask(
  { head }: TextModel,
  task: TextModel['head']['task'],
): TextModel['head'] {
  if (head.task === task) return head
  throw new UserError(`this model is for the task ${head.task}, not for ${task}`)
}

export function softmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits)
  const highest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  const weights = values.map((x) => Math.exp(x - highest))
  const total = weights.reduce((a, b) => a + b, 0)
  return weights.map((weight) => weight / total)
}
