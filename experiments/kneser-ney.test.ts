import { expect, test } from 'vitest'
import { Random } from '../src/random.ts'
import { KneserNey } from './kneser-ney.ts'

const random = new Random(3)
const SIZE = 4
/** Sentences in which a token is likely to be one more than the last. */
const sentences = Array.from({ length: 60 }, () => {
  const sentence: number[] = []
  while (random.uniform() < 0.85)
    sentence.push(
      random.uniform() < 0.6 ? ((sentence.at(-1) ?? 0) + 1) % SIZE : random.integer(SIZE),
    )
  return sentence
})

/** The slow, obvious twin: every count by a search through all sentences. */
function slowProbability(order: number, history: readonly string[], token: string): number {
  const framed = sentences.map((sentence) => ['<s>', ...sentence.map(String), '</s>'])
  /** All n-grams of a length, as text, with what stands before them ('' at the beginning). */
  const gramsOf = (length: number) =>
    framed.flatMap((tokens) =>
      tokens.slice(0, Math.max(0, tokens.length - length + 1)).map((_, i) => ({
        gram: tokens.slice(i, i + length).join(' '),
        before: i === 0 ? '' : (tokens[i - 1] as string),
      })),
    )
  const countOf = (gram: string, length: number) => {
    const found = gramsOf(length).filter((one) => one.gram === gram)
    // What begins a sentence, and the longest, are counted; others by what stands before them.
    if (length === order || gram.startsWith('<s>')) return found.length
    return new Set(found.map(({ before }) => before)).size
  }
  const distinct = (length: number) =>
    [...new Set(gramsOf(length).map(({ gram }) => gram))].filter((gram) => gram !== '<s>')
  const discounts = (length: number) => {
    const counts = distinct(length).map((gram) => countOf(gram, length))
    const [n1, n2, n3, n4] = [1, 2, 3, 4].map((n) => counts.filter((c) => c === n).length) as [
      number,
      number,
      number,
      number,
    ]
    const y = n1 === 0 ? 0 : n1 / (n1 + 2 * n2)
    const of = (seen: number, count: number, next: number) =>
      Math.min(seen, Math.max(0, count === 0 ? y : seen - ((seen + 1) * y * next) / count))
    return [0, of(1, n1, n2), of(2, n2, n3), of(3, n3, n4)]
  }
  const probability = (known: readonly string[]): number => {
    const length = known.length + 1
    const shorter = () => (known.length === 0 ? 1 / (SIZE + 1) : probability(known.slice(1)))
    const continued = distinct(length).filter(
      (gram) => gram.split(' ').slice(0, -1).join(' ') === known.join(' '),
    )
    const counts = continued.map((gram) => countOf(gram, length))
    const total = counts.reduce((a, b) => a + b, 0)
    if (total === 0) return shorter()
    const off = discounts(length)
    const discountOf = (count: number) => off[Math.min(count, 3)] as number
    const count = countOf([...known, token].join(' '), length)
    const left = counts.reduce((sum, one) => sum + discountOf(one), 0)
    return (Math.max(0, count - discountOf(count)) + left * shorter()) / total
  }
  return probability(history.slice(-(order - 1)))
}

test.each([2, 3, 5])('of order %i has the probabilities of its definition', (order) => {
  const model = new KneserNey(sentences, { order, size: SIZE })
  for (const history of [[], [1], [1, 2], [3, 3, 3], [0, 1, 2, 3, 0]]) {
    const found = model.distribution(history)
    expect(found.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 10)
    const before = ['<s>', ...history.map(String)]
    for (const [token, probability] of found.entries()) {
      const name = token === SIZE ? '</s>' : String(token)
      expect(probability).toBeCloseTo(slowProbability(order, before, name), 10)
    }
  }
})

test('a sentence is the product of its tokens and its end', () => {
  const model = new KneserNey(sentences, { size: SIZE })
  const [first, second, end] = [[], [2], [2, 3]].map((history) => model.distribution(history))
  const product = (first?.[2] as number) * (second?.[3] as number) * (end?.[SIZE] as number)
  expect(model.logProbability([2, 3])).toBeCloseTo(Math.log(product), 10)
})
