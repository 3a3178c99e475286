import { Tokenizer as HuggingFace } from '@huggingface/tokenizers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../errors.ts'
import { CharTokenizer, trainCharTokenizer } from './char.ts'
import { loadTokenizer } from './load.ts'
import { withSpecialTokens } from './special-tokens.ts'
import { readTokenizerJson } from './tokenizer-json.ts'

const saved = (tokenizer: CharTokenizer): unknown => JSON.parse(JSON.stringify(tokenizer))

describe('trainCharTokenizer', () => {
  it('numbers the distinct characters by code point, special tokens after them', async () => {
    // By UTF-16 units U+FB01 would come after the emoji.
    const tokenizer = await trainCharTokenizer(['ba😀', 'aﬁ\n'], { specialTokens: ['<|end|>'] })
    expect(tokenizer.encode('\nabﬁ😀')).toEqual([0, 1, 2, 3, 4])
    expect(tokenizer.specialTokens).toEqual({ '<|end|>': 5 })
    expect(tokenizer.vocabSize).toBe(6)
  })

  it('reads texts that come one after the other', async () => {
    async function* texts() {
      yield 'ab'
      yield 'bc'
    }
    const tokenizer = await trainCharTokenizer(texts(), { specialTokens: [] })
    expect(tokenizer.vocabSize).toBe(3)
    await expect(trainCharTokenizer([''])).rejects.toThrow(UserError)
  })

  it('takes the usual names for begin and end', async () => {
    const tokenizer = await trainCharTokenizer(['a'], { specialTokens: ['<|endoftext|>', '<x>'] })
    expect([tokenizer.bosId, tokenizer.eosId]).toEqual([1, 1])
    expect((await trainCharTokenizer(['a'], { specialTokens: [] })).bosId).toBeUndefined()
  })

  it('has a token for the end of a document, unless other special tokens are given', async () => {
    const { bosId, eosId, specialTokens } = await trainCharTokenizer(['a'])
    expect([bosId, eosId, specialTokens]).toEqual([1, 1, { '<|endoftext|>': 1 }])
  })
})

describe('CharTokenizer', () => {
  it('gives every text of known characters back, whole or streamed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1 }), async (text) => {
        const tokenizer = await trainCharTokenizer([text])
        const ids = tokenizer.encode(text)
        expect(ids.length).toBe([...text].length)
        expect(tokenizer.decode(ids)).toBe(text)
        const stream = tokenizer.decoder()
        expect(ids.map((id) => stream.push(id)).join('') + stream.end()).toBe(text)
      }),
    )
  })

  it('makes special tokens of text only when told to, and leaves them out of text', async () => {
    const tokenizer = await trainCharTokenizer(['<|>ab'], { specialTokens: ['<|>', '<|>b'] })
    const [a, b, less, bar, greater] = tokenizer.encode('ab<|>') as number[]
    expect(tokenizer.encode('a<|>b')).toEqual([a, less, bar, greater, b])
    expect(tokenizer.encode('a<|>b<|>a', { specials: true })).toEqual([a, 6, 5, a])
    expect(tokenizer.decode([a as number, 6, b as number])).toBe('ab')
    expect(tokenizer.decode([a as number, 6], { specials: true })).toBe('a<|>b')
    expect(tokenizer.decoder().push(5)).toBe('')
  })

  it('names an unknown character, its place and what is known', async () => {
    const tokenizer = await trainCharTokenizer(['ab'], { specialTokens: ['<s>'] })
    expect(() => tokenizer.encode('a<s>😀é', { specials: true })).toThrow(
      /^character 5 of the text, "😀" \(U\+1F600\), is unknown .* the 2 characters .* "ab"$/,
    )
    expect(tokenizer.unknown('aéb😀é')).toEqual(['é', '😀'])
    expect(() => tokenizer.decode([3])).toThrow('token id 3 is outside the vocabulary, 0 .. 2')
  })

  it('makes unknown characters <unk> where it is asked for', async () => {
    const tokenizer = await trainCharTokenizer(['ab'], { specialTokens: ['<s>', '<unk>'] })
    expect(tokenizer.specialTokens).toEqual({ '<unk>': 2, '<s>': 3 })
    expect(tokenizer.encode('aéb')).toEqual([0, 2, 1])
  })

  it('reads half a surrogate pair as U+FFFD', async () => {
    const tokenizer = await trainCharTokenizer(['a\ud83d'])
    expect(tokenizer.decode(tokenizer.encode('\ude00a'))).toBe('\ufffda')
  })

  it.each([[[]], [['<|im_start|>', '<unk>']]])(
    'is saved as a tokenizer.json that @huggingface/tokenizers reads alike (%j)',
    async (specialTokens) => {
      const alphabet = "0123 ,.'abcéß中文😀\n"
      const tokenizer = await trainCharTokenizer([alphabet], { specialTokens })
      const file = saved(tokenizer) as object
      const theirs = new HuggingFace(file, { clean_up_tokenization_spaces: false })
      const again = loadTokenizer(file)
      const unknown = specialTokens.length > 0 ? 'X' : ''
      const text = fc.array(fc.constantFrom(...alphabet, ...specialTokens, ...unknown), {
        minLength: 1,
      })
      fc.assert(
        fc.property(text, (parts) => {
          const ids = tokenizer.encode(parts.join(''), { specials: true })
          expect(theirs.encode(parts.join('')).ids).toEqual(ids)
          expect(again.encode(parts.join(''), { specials: true })).toEqual(ids)
          expect(theirs.decode(ids)).toBe(tokenizer.decode(ids, { specials: true }))
        }),
      )
      expect(again.toJSON()).toEqual(file)
    },
  )

  it('leaves the files of other tokenizers to those', async () => {
    const file = (await trainCharTokenizer(['ab'])).toJSON()
    const { model } = file
    const others = [
      { ...file, pre_tokenizer: { type: 'ByteLevel' } },
      { ...file, decoder: null },
      { ...file, model: { ...model, merges: ['a b'] } },
      { ...file, model: { ...model, vocab: { a: 0, ab: 1 } } },
    ]
    expect(CharTokenizer.reads(readTokenizerJson(file))).toBe(true)
    for (const other of others) expect(CharTokenizer.reads(readTokenizerJson(other))).toBe(false)
  })
})

describe('withSpecialTokens', () => {
  it('adds the tokens that are missing after all others', async () => {
    const base = await trainCharTokenizer(['ab'], { specialTokens: ['<s>'] })
    const file = withSpecialTokens(base.toJSON(), ['<s>', '<|im_start|>', '<|im_end|>'])
    const tuned = new CharTokenizer(file)
    expect(tuned.specialTokens).toEqual({ '<s>': 2, '<|im_start|>': 3, '<|im_end|>': 4 })
    expect(tuned.encode('ab')).toEqual(base.encode('ab'))
    expect(base.vocabSize).toBe(3)
    expect([tuned.bosId, tuned.eosId]).toEqual([2, 4])
  })

  it('refuses what text gives already', async () => {
    const file = (await trainCharTokenizer(['ab'])).toJSON()
    expect(() => withSpecialTokens(file, ['a'])).toThrow('"a" cannot become a special token')
  })
})
