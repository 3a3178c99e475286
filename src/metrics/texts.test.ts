import { expect, test } from 'vitest'
import { answerTokens, normalizedMatch, tokenF1 } from './answers.ts'
import { bleu, bleuCounts, bleuOf, bleuTokensFor } from './bleu.ts'
import { tokenize13a, tokenizeZh } from './bleu-tokens.ts'
import { chrf } from './chrf.ts'
import { rougeL, rougeN } from './rouge.ts'
import { countWords } from './words.ts'

/** sacrebleu's README and test/test_bleu.py: three texts with two references each. */
const SAID = ['The dog bit the man.', "It wasn't surprising.", 'The man had just bitten him.']
const REFERENCES = [
  ['The dog bit the man.', 'The dog had bit the man.'],
  ['It was not unexpected.', 'No one was surprised.'],
  ['The man bit him first.', 'The man had bitten the dog.'],
]

test('BLEU has the values of sacrebleu’s tests', () => {
  expect(bleu(SAID, REFERENCES)).toBeCloseTo(48.530827, 6)
  expect(bleu(['', '', ''], REFERENCES)).toBe(0)
  // compute_bleu of matches, n-grams and lengths.
  expect(bleuOf([9, 7, 5, 3, 10, 8, 6, 4, 11, 11])).toBeCloseTo(83.75922397, 6)
  for (const nothing of [
    [0, 0, 0, 0, 4, 4, 2, 1, 0, 1],
    [0, 0, 0, 0, 10, 11, 12, 0, 14, 10],
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ])
    expect(bleuOf(nothing)).toBe(0)
  const counts = bleuCounts(
    'am I am a character sequence',
    ['I am a symbol string sequence a a'],
    '13a',
  )
  expect([...counts]).toEqual([4, 2, 1, 0, 6, 5, 4, 3, 6, 8])
})

test('BLEU of Chinese compares characters', () => {
  expect(bleuTokensFor(['the dog', '狗'])).toBe('zh')
  expect(bleuTokensFor(['the dog'])).toBe('13a')
  expect(tokenizeZh('我爱Python 3.5，很好。')).toEqual([
    '我',
    '爱',
    'Python',
    '3.5',
    '，',
    '很',
    '好',
    '。',
  ])
  // One of six 1-grams is wrong; by words, nothing would be right.
  const said = [['今天天气好'], ['今天天气很好']] as const
  expect(bleu(said[0], [said[1]])).toBeCloseTo(
    100 * Math.exp(1 - 6 / 5) * (1 * (3 / 4) * (2 / 3) * (1 / 2)) ** (1 / 4),
    10,
  )
})

test('13a keeps points within numbers and decodes entities', () => {
  expect(tokenize13a('It costs $3.50, or 1,000-2,000 &quot;marks&quot;.')).toEqual([
    'It',
    'costs',
    '$',
    '3.50',
    ',',
    'or',
    '1,000',
    '-',
    '2,000',
    '"',
    'marks',
    '"',
    '.',
  ])
})

test('chrF has the values of sacrebleu’s tests', () => {
  const cases = [
    [['a'], ['a'], 100],
    [[''], ['reference'], 0],
    [['a b c'], ['abc'], 100],
    [['a', 'b'], ['a', 'c'], 50],
    [['aa'], ['ab'], 25],
  ] as const
  for (const [said, is, score] of cases) expect(chrf(said, is, { beta: 3 })).toBeCloseTo(score, 4)
  const kept = [
    [
      'Die Beziehung zwischen Obama und Netanjahu ist nicht gerade freundlich.',
      'Das Verhältnis zwischen Obama und Netanyahu ist nicht gerade freundschaftlich.',
      67.3481606,
    ],
    [
      'risk assessment must be made of those who are qualified and expertise in the sector - ' +
        'these are the scientists .',
      'risk assessment has to be undertaken by those who are qualified and expert in that area ' +
        '- that is the scientists .',
      65.2414427,
    ],
  ] as const
  for (const [said, is, score] of kept)
    expect(chrf([said], [is], { beta: 3, whitespace: true })).toBeCloseTo(score, 4)
})

test('ROUGE has the values of rouge-score’s tests', () => {
  const target = 'testing one two'
  expect(rougeN('testing', target, 1)).toBeCloseTo(1 / 2, 12)
  expect(rougeN('testing one', target, 2)).toBeCloseTo(2 / 3, 12)
  expect(rougeL('testing one', target)).toBeCloseTo(4 / 5, 12)
  expect(rougeL('testing two', target)).toBeCloseTo(4 / 5, 12)
  for (const score of [rougeL, (a: string, b: string) => rougeN(a, b, 1)])
    expect(score('', target)).toBe(0)
  // In Chinese each character is a token: four of five in order.
  expect(rougeL('我很爱狗', '我很喜爱狗')).toBeCloseTo((2 * 1 * 0.8) / 1.8, 12)
})

test('answers are compared without case, marks and articles', () => {
  expect(answerTokens('The U.S. of A!')).toEqual(['us', 'of'])
  expect(normalizedMatch('a Cat.', 'the cat')).toBe(1)
  expect(tokenF1('the black cat', 'a white cat')).toBeCloseTo(1 / 2, 12)
  // Characters of Chinese, without its marks; letters beside them stay a word.
  expect(answerTokens('“北京”，在 China。')).toEqual(['北', '京', '在', 'china'])
  expect(tokenF1('北京市', '北京')).toBeCloseTo((2 * (2 / 3)) / (2 / 3 + 1), 12)
  expect([tokenF1('', ''), tokenF1('the', 'cat')]).toEqual([1, 0])
})

test('words are what blanks separate, and Chinese characters', () => {
  expect(countWords('Call me\n Ishmael.')).toBe(3)
  expect(countWords('我爱 GPT-2模型')).toBe(5)
  // A word that the text before began is not counted again.
  expect(countWords('hael. Some', 'me Is')).toBe(1)
  expect([countWords('hael', 'me '), countWords('hael', '我')]).toEqual([1, 1])
})
