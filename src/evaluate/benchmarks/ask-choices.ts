import { encodeRecord } from '../../data/parse-record.ts'
import type { Item } from '../../metrics/item.ts'
import { softmax } from '../../predict/classify.ts'
import type { Likelihood, LikelihoodProgram } from '../likelihood/likelihood-program.ts'
import { type ScoreOptions, scoreGroups } from '../likelihood/score-groups.ts'
import { type ChoiceQuestion, type ChoicesBenchmark, LETTERS } from './benchmark.ts'
import type { PromptEncoder } from './encode-prompts.ts'
import type { Asked, Prompts } from './prompts.ts'

export interface AskChoices extends ScoreOptions {
  benchmark: ChoicesBenchmark
  prompts: Prompts
  encoder: PromptEncoder
}

/** Asks for the likelihoods of choices; items come as they are finished, not in order. */
export async function* askChoices(
  program: LikelihoodProgram,
  asked: readonly Asked<ChoiceQuestion>[],
  { benchmark, prompts, encoder, ...options }: AskChoices,
): AsyncGenerator<Item> {
  const groups = asked.map((one) => () => {
    const { id, choices } = one.question
    const prompt = prompts.textOf(one)
    return encodeRecord(`question ${id}`, () =>
      encoder.choices(prompt, choices, benchmark.delimiter),
    )
  })
  for await (const { index, likelihoods } of scoreGroups(program, groups, options))
    yield choiceItem((asked[index] as (typeof asked)[number]).question, likelihoods, benchmark)
}

/**
 * Log-probabilities that differ by less are equal: sums of float32 of the same choice, in rows of
 * other lengths, differ by as much of their size. A right choice that ties is not chosen, so that a
 * model without an opinion, whose logits are all equal, scores 0 among choices of as many tokens.
 */
const tieOf = (log: number): number => 1e-6 * Math.max(1, Math.abs(log))

/** A question with the likelihoods of its choices as an item. */
export function choiceItem(
  { id, prompt, choices, answer }: ChoiceQuestion,
  likelihoods: readonly Likelihood[],
  { labels = LETTERS, measures, greedy, delimiter }: ChoicesBenchmark,
): Item {
  const logs = likelihoods.map(({ logProbability }) => logProbability)
  const right = logs[answer] as number
  const labelOf = (index: number) => labels[index] ?? String(index + 1)
  const shown = greedy ? [] : labels === LETTERS ? listed(choices) : prompt === '' ? choices : []
  const common = { id, input: [prompt, ...shown].filter((text) => text !== '').join('\n') }
  const loss = Number.isFinite(right) && { loss: -right }
  if (greedy) {
    const [word = '', { isGreedy, tokens }] = [choices[answer], likelihoods[answer] as Likelihood]
    const sizes = { tokens, words: 1, bytes: Buffer.byteLength(delimiter + word) }
    return { ...common, expected: word, scores: { correct: Number(isGreedy), ...loss, ...sizes } }
  }
  const bytes = choices.map((choice) => Buffer.byteLength(choice.trim()))
  const perByte = logs.map((log, i) => log / Math.max(1, bytes[i] as number))
  const tiePerByte = tieOf(right) / Math.max(1, bytes[answer] as number)
  const chosen = chosenOf(logs, answer)
  return {
    ...common,
    expected: labelOf(answer),
    predicted: labelOf(chosen),
    scores: {
      correct: Number(chosen === answer),
      ...(measures.includes('normalizedChoices') && {
        normalizedCorrect: Number(chosenOf(perByte, answer, tiePerByte) === answer),
      }),
      ...loss,
    },
    probabilities: Object.fromEntries(softmax(logs).map((p, i) => [labelOf(i), p || 0])),
  }
}

const listed = (choices: readonly string[]): string[] =>
  choices.map((choice, i) => `${LETTERS[i]}. ${choice.trim()}`)

/**
 * The likeliest choice by log-probabilities; of values that differ by `tie` at most, one that is
 * wrong.
 */
export function chosenOf(
  values: readonly number[],
  answer: number,
  tie = tieOf(values[answer] as number),
): number {
  const others = values.map((value, i) => (i === answer ? Number.NEGATIVE_INFINITY : value))
  const best = others.reduce((top, value, i) => (value > (others[top] as number) ? i : top), 0)
  const isRight = (values[answer] as number) > (others[best] as number) + tie
  return isRight ? answer : best === answer ? (answer + 1) % values.length : best
}
