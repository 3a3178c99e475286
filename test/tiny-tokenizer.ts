import type { Tokenizer } from '../src/text/tokenizer.ts'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ01234567'

/** 61 characters, a token each; two of them may be special instead. */
export function tinyTokenizer({
  vocabSize = ALPHABET.length,
  bosId,
  eosId,
}: {
  vocabSize?: number
  bosId?: number
  eosId?: number
} = {}): Tokenizer {
  const decode = (ids: ArrayLike<number>) =>
    Array.from(ids, (id) => (id === bosId || id === eosId ? '' : ALPHABET[id])).join('')
  return {
    vocabSize,
    bosId,
    eosId,
    specialTokens: {},
    encode: (text) => Array.from(text, (letter) => ALPHABET.indexOf(letter)).filter((i) => i >= 0),
    decode,
    decoder: () => ({ push: (id) => decode([id]), end: () => '' }),
    toJSON: () => ({}),
  }
}
