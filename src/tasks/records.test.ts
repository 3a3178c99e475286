import { expect, test } from 'vitest'
import { type Examples, IGNORE } from '../data/batch.ts'
import { allExamples, exampleReader } from '../data/example-set.ts'
import { Random } from '../random.ts'
import { trainCharTokenizer } from '../text/char.ts'
import { parseTextPair, textPairSet } from './embed.ts'
import { labeledTextParser, labeledTextSet, labelsOf } from './labeled-texts.ts'
import { maskedCount, maskedReader, maskTokens, textLength } from './masked-tokens.ts'
import { parseSourceTarget, sourceTargetSet } from './seq2seq.ts'
import { parseTaggedWords, taggedWordSet } from './tag.ts'

const alphabet = 'abcdefgh 雪12'
const parseLabeledText = labeledTextParser()
const encoder = await trainCharTokenizer([alphabet], { kind: 'encoder' })
const writer = await trainCharTokenizer([alphabet], { kind: 'encoder-decoder' })
const [cls, sep, pad] = [encoder.clsId, encoder.sepId, encoder.padId] as [number, number, number]
const ids = (text: string) => encoder.encode(text)
const list = (values: ArrayLike<number> | undefined) => Array.from(values ?? [])

test('fields that are null are as those that are not there', () => {
  const labeled = parseLabeledText({ text: 'a', pair: null, label: 1, id: null }, 'x:1')
  expect(labeled).toEqual({ text: 'a', label: 1, where: 'x:1' })
  expect(parseLabeledText({ text: ' a', label: ' 差 ' }, 'x:1')).toMatchObject({
    text: ' a',
    label: '差',
  })
  const written = { source: 'a', sources: null, target: 'b' }
  expect(parseSourceTarget(written, 'x:1').sources).toEqual(['a'])
  expect(parseSourceTarget({ ...written, source: null, sources: ['c'] }, 'x:1').sources).toEqual([
    'c',
  ])
  expect(() => parseLabeledText({ text: 'a', label: null }, 'x:1')).toThrow(
    /x:1: label is null; expected/,
  )
})

test('labeled texts: what the model reads, and the number of the label', () => {
  const texts = [
    { text: 'ab', label: 'yes' },
    { text: '雪', pair: 'c', label: 'no' },
    { text: 'abcdefgh', label: true },
  ].map((value, i) => parseLabeledText(value, `x:${i + 1}`))
  expect(labelsOf(texts)).toEqual(['no', 'true', 'yes'])
  const set = labeledTextSet(texts, labelsOf(texts), { tokenizer: encoder, length: 6 })
  expect(set.notices).toEqual(['1 of 3 texts are longer than 6 tokens, and lose their ends'])
  expect(set.longest).toBe(6)
  const { arrays, rows, count } = set.collate([1, 0, 2])
  expect([rows, count]).toEqual([3, 3])
  expect(list(arrays.ids)).toEqual([
    ...[cls, ...ids('雪'), sep, ...ids('c'), sep, pad],
    ...[cls, ...ids('ab'), sep, pad, pad],
    ...[cls, ...ids('abcd'), sep],
  ])
  expect(list(arrays.types).slice(0, 6)).toEqual([0, 0, 0, 1, 1, 0])
  expect(list(arrays.mask)).toEqual([1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1])
  expect(list(arrays.targets)).toEqual([0, 2, 1])
  expect(() => labeledTextSet(texts, ['no', 'yes'], { tokenizer: encoder, length: 6 })).toThrow(
    'x:3: the label "true" is not one of the model\'s: no, yes',
  )
})

test('labeled texts: the fields may have any names', () => {
  const row = { review: 'ab', 第二: 'c', stars: '1', text: 'x', pair: 'y', label: 'z' }
  const parse = (fields: Parameters<typeof labeledTextParser>[0], value: unknown = row) =>
    labeledTextParser(fields)(value, 'x.csv:2')
  const where = 'x.csv:2'
  expect(parse({})).toEqual({ text: 'x', pair: 'y', label: 'z', where })
  expect(parse({ textField: 'review', pairField: '第二', labelField: 'stars' })).toEqual({
    text: 'ab',
    pair: 'c',
    label: '1',
    where,
  })
  expect(parse({ textField: 'pair' })).toEqual({ text: 'y', label: 'z', where })
  expect(parse({ textField: 'review', labelField: 'pair' })).toEqual({
    text: 'ab',
    label: 'y',
    where,
  })
  expect(() => parse({ textField: 'reviews' })).toThrow(
    /x\.csv:2: reviews is missing; expected {"reviews": .*; its fields are review, 第二, stars, text/,
  )
  expect(() => parse({ pairField: 'b' })).toThrow(/x\.csv:2: b is missing/)
  expect(() => parse({ labelField: 'stars' }, { ...row, stars: '' })).toThrow(
    /x\.csv:2: stars: Too/,
  )
  expect(() => parse({ labelField: 'text' })).toThrow(/name the field text twice/)
})

test('numbers to estimate may be text, as in tables; others are refused by line', () => {
  const targets = (...labels: unknown[]) => {
    const texts = labels.map((label, i) => parseLabeledText({ text: 'a', label }, `x.csv:${i + 2}`))
    const set = labeledTextSet(texts, undefined, { tokenizer: encoder, length: 4 })
    return list(set.collate(texts.map((_, i) => i)).arrays.targets)
  }
  expect(targets(2, '-1.5', ' 1e2 ')).toEqual([2, -1.5, 100])
  for (const label of ['1,5', '好', 'Infinity', true])
    expect(() => targets(1, label)).toThrow(`x.csv:3: the label is "${label}"; expected a number`)
})

test('labels that are numbers are sorted as numbers, others as text', () => {
  const labelsIn = (...labels: unknown[]) =>
    labelsOf(labels.map((label) => parseLabeledText({ text: 'a', label }, 'x:1')))
  expect(labelsIn(10, 2, 11, 0, 1)).toEqual(['0', '1', '2', '10', '11'])
  expect(labelsIn('10', '-2', '1.5')).toEqual(['-2', '1.5', '10'])
  expect(labelsIn('10', '2', 'x')).toEqual(['10', '2', 'x'])
  expect(labelsIn('好', ' 差', '差')).toEqual(['好', '差'])
  expect(() => labelsIn('好', ' ')).toThrow(/x:1: label: Too small/)
})

test('tagged words: a word’s first token has its tag', () => {
  const words = parseTaggedWords({ words: ['ab', '1', 'c'], tags: ['W', 'N', 'W'] }, 'x:1')
  const { collate } = taggedWordSet([words], ['N', 'W'], { tokenizer: encoder, length: 8 })
  const { arrays, count } = collate([0])
  expect(count).toBe(3)
  const targets = list(arrays.targets)
  expect(targets.filter((target) => target !== IGNORE)).toEqual([1, 0, 1])
  expect(targets[0]).toBe(IGNORE)
  // Words that follow each other in a text have a space between them.
  expect(list(arrays.ids)).toEqual([cls, ...ids(' ab 1 '), sep])
  expect(targets.slice(1, 4)).toEqual([1, IGNORE, IGNORE])
})

test('pairs: all first texts, then all second ones', () => {
  const pairs = [
    { anchor: 'a', positive: 'b' },
    { anchor: 'c', positive: 'd' },
  ].map((value) => parseTextPair(value, 'x:1'))
  const { collate } = textPairSet(pairs, { tokenizer: encoder, length: 3 })
  const firsts = list(collate([1, 0]).arrays.ids).filter((_, i) => i % 3 === 1)
  expect(firsts).toEqual(['c', 'a', 'd', 'b'].flatMap(ids))
})

test('sources and targets: the text that is written comes one place later', () => {
  const records = [
    parseSourceTarget({ source: 'ab', target: 'ba' }, 'x:1'),
    parseSourceTarget({ source: 'c', target: 'c' }, 'x:2'),
  ]
  const options = { tokenizer: writer, sourceLength: 5, length: 4, startId: 7 }
  const { arrays, count } = sourceTargetSet(records, options).collate([0, 1])
  const [eos, fill] = [writer.eosId as number, writer.padId as number]
  const [a, b, c] = writer.encode('abc') as [number, number, number]
  expect(list(arrays.ids)).toEqual([7, b, a, fill, 7, c, fill, fill])
  expect(list(arrays.targets)).toEqual([b, a, eos, IGNORE, c, eos, IGNORE, IGNORE])
  expect(count).toBe(5)
})

const rowsOf = (rows: number, length: number, there = length): Examples => {
  const letters = Int32Array.from({ length: rows * length }, (_, i) => ids('abcdefgh')[i % 8] ?? 0)
  const targets = letters.map((id, i) => (i % length < there ? id : IGNORE))
  return { rows, length, arrays: { ids: letters, targets }, count: rows * there }
}
const masking = {
  maskId: encoder.maskId as number,
  vocabSize: encoder.vocabSize,
  probability: 0.15,
  clsId: cls,
  sepId: sep,
}

test('of masked tokens eight in ten become the mask token, one any other, one stays', () => {
  const [rows, length] = [400, 50]
  expect(textLength(52, masking)).toBe(50)
  const { arrays, count } = maskTokens(rowsOf(rows, length), masking, new Random(3))
  const each = maskedCount(length, masking)
  expect(each).toBe(8)
  expect(count).toBe(rows * each)
  const [tokens, positions, targets] = [
    list(arrays.ids),
    list(arrays.maskedPositions),
    list(arrays.targets),
  ]
  let [masked, kept] = [0, 0]
  for (const [i, position] of positions.entries()) {
    const row = Math.floor(i / each)
    const now = tokens[row * 52 + position]
    expect(targets[i]).toBe(ids('abcdefgh')[(row * length + position - 1) % 8])
    if (now === masking.maskId) masked++
    else if (now === targets[i]) kept++
  }
  expect(masked / count).toBeCloseTo(0.8, 1)
  expect(kept / count).toBeGreaterThan(0.08)
  expect(kept / count).toBeLessThan(0.2)
  for (let row = 0; row < rows; row++) {
    expect(tokens[row * 52]).toBe(cls)
    expect(tokens[row * 52 + 51]).toBe(sep)
    expect(new Set(positions.slice(row * each, (row + 1) * each)).size).toBe(each)
  }
})

test('rows that end early are masked where they have text only', () => {
  const { arrays } = maskTokens(rowsOf(20, 50, 5), masking, new Random(3))
  const [positions, targets] = [list(arrays.maskedPositions), list(arrays.targets)]
  const counted = positions.filter((_, i) => targets[i] !== IGNORE)
  expect(counted).toHaveLength(100)
  expect(Math.max(...counted)).toBeLessThanOrEqual(5)
  expect(list(arrays.mask).reduce((a, b) => a + b)).toBe(20 * 7)
  // A batch is filled up with empty rows, of which nothing is masked.
  expect(maskTokens(rowsOf(2, 50, 0), masking, new Random(3)).count).toBe(0)
})

test('readers go on where their state was taken', () => {
  const texts = Array.from({ length: 10 }, (_, i) =>
    parseLabeledText({ text: 'abcdefgh'.slice(0, 1 + (i % 8)), label: i }, 'x'),
  )
  const set = labeledTextSet(texts, undefined, { tokenizer: encoder, length: 10 })
  const examples = exampleReader(set, { rows: 4, seed: 1 })
  const text = { next: () => rowsOf(2, 20), state: () => 0, restore: () => {} }
  const maskedText = maskedReader(text, masking, { seed: 1 })
  for (const reader of [examples, maskedText]) {
    reader.next()
    const state = JSON.parse(JSON.stringify(reader.state()))
    const next = reader.next()
    reader.restore(state)
    expect(reader.next()).toEqual(next)
    expect(reader.next()).not.toEqual(next)
  }
  const round = Array.from({ length: 5 }, () => exampleReader(set, { rows: 2, seed: 2 }))
  const [reader] = round as [ReturnType<typeof exampleReader>]
  const seen = round.flatMap(() => list(reader.next().arrays.targets))
  expect(seen.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('all examples come once, a last smaller batch only where batches may differ', () => {
  const texts = Array.from({ length: 5 }, (_, i) => parseLabeledText({ text: 'a', label: i }, 'x'))
  const set = labeledTextSet(texts, undefined, { tokenizer: encoder, length: 4 })
  const rows = (whole: boolean) => Array.from(allExamples(set, { rows: 2, whole }), (b) => b.rows)
  expect(rows(false)).toEqual([2, 2, 1])
  expect(rows(true)).toEqual([2, 2])
})
