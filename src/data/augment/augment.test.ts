import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { Random } from '../../random.ts'
import { augmentText, createAugmenter, type Shares } from './augmenter.ts'
import { OPERATION_NAMES, type OperationName, varyText, varyWords } from './operations.ts'
import { joinWords, splitGraphemes, splitSentences, splitWords } from './words.ts'

const SYNONYMS: Record<string, string[]> = {
  movie: ['film', 'picture'],
  电影: ['影片'],
  good: ['fine'],
}
const synonyms = (word: string) => SYNONYMS[word] ?? []

/** A text varied by one operation, with the random numbers of a seed. */
const vary = (name: OperationName, text: string, share: number, seed = 1) =>
  varyText(name, text, { share, random: new Random(seed), synonyms })

/** All results of seeds 0 .. 299. */
const results = (name: OperationName, text: string, share: number) =>
  new Set(Array.from({ length: 300 }, (_, seed) => vary(name, text, share, seed)))

const wordsOf = (text: string) => splitWords(text).words.map((word) => word.text)

describe('words', () => {
  it('are those of English and Chinese, in one text', () => {
    expect(wordsOf('"The cat, sat."')).toEqual(['The', 'cat', 'sat'])
    expect(wordsOf('我们喜欢iPhone手机。Don’t！')).toEqual([
      '我们',
      '喜欢',
      'iPhone',
      '手机',
      'Don’t',
    ])
    expect(splitSentences('A b. C? 好。不好！')).toEqual(['A b. ', 'C? ', '好。', '不好！'])
    expect(splitGraphemes('鲸e\u0301👩‍👩‍👧!')).toEqual(['鲸', 'e\u0301', '👩‍👩‍👧', '!'])
  })

  it('are split into the characters that Intl.Segmenter finds', () => {
    const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' })
    const parts = fc.constantFrom(
      'a',
      'Z',
      '9',
      '_',
      'é',
      'ʯ',
      '雪',
      '鿿',
      '\u0301',
      '👍',
      '🏽',
      '\u200d',
    )
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 8 }), (list) => {
        const text = list.join('')
        const slow = Array.from(segmenter.segment(text), ({ segment }) => segment)
        expect(splitGraphemes(text)).toEqual(slow)
      }),
    )
  })

  it('lose nothing, in texts of any length and kind', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expect(joinWords(splitWords(text))).toBe(text)
      }),
    )
    for (const text of [
      '我们喜欢学习👩‍👩‍👧'.repeat(900),
      'e\u0301'.repeat(5000),
      '好。\n'.repeat(4000),
    ]) {
      const words = splitWords(text)
      expect(joinWords(words)).toBe(text)
      expect(words.words.length).toBeGreaterThan(3)
      expect(words.words.filter((word) => /^[\u0301\u200d]/.test(word.text))).toEqual([])
    }
  })
})

describe('deletion', () => {
  it('leaves out the share of words that it should, in order, and never all', () => {
    const numbers = Array.from({ length: 10_000 }, (_, i) => `w${i}`)
    const kept = vary('deletion', numbers.join(' '), 0.3).split(' ')
    // 5 deviations of sqrt(10000 * 0.3 * 0.7) = 46.
    expect(Math.abs(kept.length - 7000)).toBeLessThan(230)
    const places = kept.map((word) => Number(word.slice(1)))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect([...results('deletion', 'a b c', 1)].sort()).toEqual(['a', 'b', 'c'])
  })

  it('takes the blank before a word with it, and leaves marks in place', () => {
    expect([...results('deletion', 'The cat, sat.', 0.5)].sort()).toEqual(
      [
        ...['The cat, sat.', 'The cat,.', 'The, sat.', 'The,.', ', sat.', 'cat, sat.', 'cat,.'],
      ].sort(),
    )
    expect([...results('deletion', 'A\nb c', 0.4)]).toContain('A\nc')
    expect([...results('deletion', '我们喜欢学习', 0.4)].sort()).toEqual(
      ['喜欢', '喜欢学习', '学习', '我们', '我们喜欢', '我们喜欢学习', '我们学习'].sort(),
    )
    // Two English words between which a Chinese one stood do not grow together.
    expect([...results('deletion', 'AB喜欢CD', 0.4)]).toContain('AB CD')
  })
})

describe('swap', () => {
  it('exchanges two words for each share, and keeps them all', () => {
    const swapped = results('swap', 'one, two three!', 0.1)
    expect([...swapped].sort()).toEqual(['one, three two!', 'three, two one!', 'two, one three!'])
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0.01, max: 1, noNaN: true }), (seed, share) => {
        const text = '我们喜欢看电影 and the movie was good 👍🏽.'
        const words = wordsOf(vary('swap', text, share, seed))
        expect(words.toSorted()).toEqual(wordsOf(text).toSorted())
      }),
    )
    expect(vary('swap', '一', 0.5)).toBe('一')
  })

  it('makes max(1, share * words) swaps, as EDA does', () => {
    const text = Array.from({ length: 100 }, (_, i) => `w${i}`).join(' ')
    const moved = (share: number) =>
      wordsOf(vary('swap', text, share)).filter((word, i) => word !== `w${i}`).length
    expect(moved(0.01)).toBe(2)
    expect(moved(0.001)).toBe(2)
    expect(moved(0.1)).toBeGreaterThan(14)
    expect(moved(0.1)).toBeLessThanOrEqual(20)
  })
})

describe('replacement and insertion', () => {
  it('use synonyms, of no stop words, as the word is written', () => {
    expect([...results('replacement', 'A Movie is good.', 0.1)].sort()).toEqual([
      'A Film is good.',
      'A Movie is fine.',
      'A Picture is good.',
    ])
    expect([...results('replacement', 'A Movie is good.', 0.5)].sort()).toEqual([
      'A Film is fine.',
      'A Picture is fine.',
    ])
    expect([...results('replacement', '这部电影不错', 0.1)]).toEqual(['这部影片不错'])
    expect(vary('replacement', 'nothing known', 0.5)).toBe('nothing known')
  })

  it('insert synonyms anywhere, with a blank where the language has one', () => {
    expect([...results('insertion', 'the movie ended', 0.1)].sort()).toEqual([
      'film the movie ended',
      'picture the movie ended',
      'the film movie ended',
      'the movie film ended',
      'the movie picture ended',
      'the picture movie ended',
    ])
    for (const text of results('insertion', '我看电影', 0.1))
      expect(text.replace('影片', '')).toBe('我看电影')
    expect(vary('insertion', 'nothing known', 0.5)).toBe('nothing known')
  })
})

describe('rotation', () => {
  it('moves sentences from the beginning to the end', () => {
    expect([...results('rotation', 'A b. C d? E!', 1)].sort()).toEqual([
      'C d? E! A b.',
      'E! A b. C d?',
    ])
    expect([...results('rotation', '好吃。便宜！再来', 0.1)]).toEqual(['便宜！再来好吃。'])
    expect(vary('rotation', 'One sentence', 1)).toBe('One sentence')
  })

  it('leaves blanks between sentences, and around the text', () => {
    const list = '\n- item one\n\n  - item two\n\n'
    expect([...results('rotation', list, 0.1)]).toEqual(['\n- item two\n\n  - item one\n\n'])
    const text = 'A b. C d?\n\nE f!'
    expect([...results('rotation', text, 1)].sort()).toEqual([
      'C d?\n\nE f! A b.',
      'E f!\n\nA b. C d?',
    ])
    expect([...results('rotation', 'Hi. 好。再来。 Bye.', 1)]).toContain('再来。 Bye. Hi. 好。')
  })
})

describe('noise', () => {
  it('makes typing errors: neighbors on the keyboard, letters left out or exchanged', () => {
    expect([...results('noise', 'cat', 0.1)].sort()).toEqual(
      // Left out; exchanged with the next; neighbors of c, a and t.
      ['at', 'ct', 'ca', 'act', 'cta', 'xat', 'dat', 'fat', 'vat', 'cqt', 'cwt', 'cst', 'czt']
        .concat(['car', 'cay', 'caf', 'cag'])
        .sort(),
    )
    expect([...results('noise', 'A', 0.1)].sort()).toEqual(['Q', 'S', 'W', 'Z'])
  })

  it('changes Chinese characters into those of the same sound or of similar shape', () => {
    const texts = results('noise', '未来', 0.1)
    expect([...texts]).toEqual(expect.arrayContaining(['末来', '来', '未', '来未']))
    expect(texts).toContain('为来')
    for (const text of texts) expect(text).toMatch(/^[\p{sc=Han}]{1,2}$/u)
  })

  it('changes no more than its share, and cuts no character', () => {
    const text = 'It was 好看的电影 👩‍👩‍👧 e\u0301e\u0301 🇨🇳!'
    const marks = ['👩‍👩‍👧', '🇨🇳', '!']
    for (const varied of results('noise', text, 0.3)) {
      for (const mark of marks) expect(splitGraphemes(varied)).toContain(mark)
      expect(varied).not.toMatch(/(^|[^e])\u0301/)
    }
    for (const varied of results('noise', 'abcdefghij'.repeat(10), 0.05))
      expect(Math.abs(varied.length - 100)).toBeLessThanOrEqual(5)
  })
})

test('operations leave lists of tagged words aligned', () => {
  const words = ['New', 'York', 'is', 'good', '.', 'A', 'movie', '!'].map((text, i) => ({
    text,
    before: '',
    tag: `${text}-${i}`,
  }))
  fc.assert(
    fc.property(fc.constantFrom(...OPERATION_NAMES), fc.nat(), (name, seed) => {
      const context = { share: 0.4, random: new Random(seed), synonyms }
      const varied = varyWords(name, words, context)
      expect(varied.length).toBeGreaterThan(0)
      for (const { text, tag = '' } of varied) {
        const own = tag.split('-')[0] as string
        if (name === 'noise') expect(text).not.toBe('')
        else expect([own, ...synonyms(own)]).toContain(text)
      }
    }),
  )
  const rotated = varyWords('rotation', words, { share: 1, random: new Random(1), synonyms })
  expect(rotated.map(({ text }) => text)).toEqual([
    'A',
    'movie',
    '!',
    'New',
    'York',
    'is',
    'good',
    '.',
  ])
})

describe('tags of entities', () => {
  const tagged = [
    ...[
      ['the', 'O'],
      ['movie', 'O'],
      ['of', 'O'],
      ['New', 'B-LOC'],
      ['movie', 'I-LOC'],
    ],
    ...[
      ['电影', 'B-ORG'],
      ['J.', 'B-PER'],
      ['.', 'I-PER'],
      ['K.', 'I-PER'],
      ['is', 'O'],
    ],
    ...[
      ['good', 'O'],
      ['.', 'O'],
      ['Yes', 'O'],
      ['!', 'O'],
    ],
  ].map(([text, tag]) => ({ text: text as string, tag, before: '' }))
  const of = (word: string) => (word === 'movie' ? ['motion picture', 'film'] : synonyms(word))
  const spans = (words: readonly { text: string; tag?: string | undefined }[]) =>
    words
      .map(({ text, tag = '' }) => (tag[0] === 'I' ? '_' : ' ') + (tag === 'O' ? '' : text))
      .join('')
      .split(' ')
      .filter(Boolean)
  const varied = (name: OperationName, seed: number) =>
    varyWords(name, tagged, { share: 0.5, random: new Random(seed), synonyms: of })

  it('stay whole, wherever their words go', () => {
    const all = ['New_movie', '电影', 'J._._K.']
    for (let seed = 0; seed < 100; seed++) {
      for (const name of ['swap', 'insertion', 'rotation'] as const)
        expect(spans(varied(name, seed)).sort()).toEqual(all.toSorted())
      for (const span of spans(varied('deletion', seed))) expect(all).toContain(span)
    }
  })

  it('are of one word each, also where it is another', () => {
    const replaced = new Set<string>()
    for (let seed = 0; seed < 100; seed++) {
      const words = varied('replacement', seed)
      expect(words.map(({ tag }) => tag)).toEqual(tagged.map(({ tag }) => tag))
      for (const { text } of [...words, ...varied('insertion', seed)]) replaced.add(text)
    }
    expect([...replaced]).toEqual(expect.arrayContaining(['film', '影片', 'fine']))
    expect([...replaced]).not.toContain('motion picture')
  })
})

const all: Shares = { deletion: 0.2, swap: 0.2, replacement: 0.2, insertion: 0.2, noise: 0.1 }

describe('an augmenter', () => {
  const augmenter = createAugmenter(all, { seed: 7, synonyms })
  const text = 'the movie was good, 电影 too. We came again.'

  it('is a function of seed and draw', () => {
    const texts = (seed: number) =>
      Array.from({ length: 50 }, (_, i) =>
        createAugmenter(all, { seed, synonyms }).draw(i)?.text(text),
      )
    expect(texts(7)).toEqual(texts(7))
    expect(texts(7)).not.toEqual(texts(8))
    expect(texts(7)[20]).toBe(augmenter.draw(20)?.text(text))
    expect(new Set(texts(7)).size).toBeGreaterThan(30)
  })

  it('leaves as many as each operation varies', () => {
    let left = 0
    for (let i = 0; i < 6000; i++) if (!augmenter.draw(i)) left++
    // One in six; five deviations of sqrt(6000 * 5 / 36) = 29.
    expect(Math.abs(left - 1000)).toBeLessThan(145)
    for (let i = 0; i < 100; i++) expect(augmenter.always(i)).toBeDefined()
  })
})

test('augmentText varies a text, the same for a seed', () => {
  const given = { augment: { replacement: 0.1 }, synonyms: { 今天: ['今日'] } }
  expect(augmentText('今天天气很好。', given)).toBe('今日天气很好。')
  const swap = (seed?: number) => augmentText('one two', { augment: { swap: 0.1 }, seed })
  expect(swap(3)).toBe('two one')
  expect(augmentText('', { augment: { noise: 1 } })).toBe('')
})
