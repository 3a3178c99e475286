import { expect, test } from 'vitest'
import { endOfText } from './converse.ts'

/** A token is a byte. */
const tokenizer = {
  encode: (text: string) => [...new TextEncoder().encode(text)],
  decode: (ids: ArrayLike<number>) => new TextDecoder().decode(Uint8Array.from(ids)),
}

test('a text is continued from whole characters', () => {
  expect(endOfText({ tokenizer, context: 100 }, '白鲸')).toBe('白鲸')
  expect(endOfText({ tokenizer, context: 100 }, '白鲸\ufffd')).toBe('白鲸')
  // Of nine bytes the last four are one character and the end of another.
  expect(endOfText({ tokenizer, context: 8 }, '白鲸记')).toBe('记')
  expect(endOfText({ tokenizer, context: 8 }, 'the whale')).toBe('hale')
})
