import { expect, test } from 'vitest'
import { cleanUp, readDecoder } from './decoders.ts'

const metaspace = (prepend_scheme: string) => ({
  type: 'Metaspace',
  replacement: '▁',
  prepend_scheme,
})

// What Hugging Face's Rust library (tokenizers 0.23) makes of these.
test.each([
  [null, ['a', 'b'], 'a b'],
  [{ type: 'ByteLevel' }, ['Ġhi', 'ä¸', 'Ń', '<中>'], ' hi中<中>'],
  [{ type: 'ByteLevel' }, ['ä¸'], '\ufffd'],
  [
    { type: 'WordPiece', prefix: '##', cleanup: true },
    ['##a', '##b', 'c', '.', '中'],
    '##ab c. 中',
  ],
  [{ type: 'WordPiece', prefix: '##', cleanup: false }, ['a', '.'], 'a .'],
  [metaspace('always'), ['▁▁a', '▁b', 'c▁'], 'a bc '],
  [metaspace('never'), ['▁a', '▁b'], ' a b'],
  [{ type: 'BPEDecoder', suffix: '</w>' }, ['a', 'b</w>', 'c</w>'], 'ab c'],
  [{ type: 'Replace', pattern: { String: '▁' }, content: ' ' }, ['▁a▁'], ' a '],
  [{ type: 'ByteFallback' }, ['<0xE4>', '<0xB8>', '<0xAD>', 'a', '<0x>'], '中a<0x>'],
  [{ type: 'ByteFallback' }, ['<0xEF>', '<0xBB>', '<0xBF>'], '\ufeff'],
  [{ type: 'Strip', content: ' ', start: 1, stop: 0 }, ['  a ', 'b'], ' a b'],
  [{ type: 'Strip', content: 'l', start: 1, stop: 1 }, ['lall'], 'al'],
])('%j: %j', (json, tokens, text) => {
  expect(readDecoder(json)(tokens)).toBe(text)
})

test('a sequence is done in its order', () => {
  const decoders = [
    { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    { type: 'Fuse' },
    { type: 'Strip', content: ' ', start: 1, stop: 0 },
  ]
  expect(readDecoder({ type: 'Sequence', decoders })(['▁a', '▁b'])).toBe('a b')
})

test('English punctuation loses the blanks before it', () => {
  expect(cleanUp("I do n't , it 's a ' b ' c we 're ! ok ? .")).toBe(
    "I don't, it's a'b'c we're! ok?.",
  )
})

test('what is not known is refused', () => {
  expect(() => readDecoder({ type: 'CTC' })).toThrow(
    'tokenizer.json: decoder is "CTC", which is not supported',
  )
})
