import type { Tokenizer } from '../../text/tokenizer.ts'

interface Reader {
  tokenizer: Pick<Tokenizer, 'encode' | 'decode'>
  context: number
}

/**
 * The end of a text, at most half as long as the context, which leaves room to continue it. A
 * character of which a token at either end holds a part only is left out: its U+FFFD would be read
 * as text.
 */
export function endOfText({ tokenizer, context }: Reader, text: string): string {
  const whole = text.replace(/\ufffd+$/, '')
  const ids = tokenizer.encode(whole)
  const half = Math.ceil(context / 2)
  return ids.length > half ? tokenizer.decode(ids.slice(-half)).replace(/^\ufffd+/, '') : whole
}
