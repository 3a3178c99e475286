import { readFile } from 'node:fs/promises'
import { Tokenizer as HuggingFace } from '@huggingface/tokenizers'
import { describe, expect, it } from 'vitest'
import { trainCharTokenizer } from '../src/text/char.ts'
import { CHATML } from '../src/text/chat-template.ts'
import { encodeConversation } from '../src/text/render-conversation.ts'
import { CHAT_TOKENS } from '../src/text/special-tokens.ts'

const shared = (path: string) => readFile(new URL(`../../shared/${path}`, import.meta.url), 'utf8')

describe('the character tokenizer', () => {
  it('gives tinyshakespeare its 65 symbols, in the order of nanoGPT', async () => {
    const text = await shared('data/text/tinyshakespeare.txt')
    const tokenizer = await trainCharTokenizer([text])
    // One token more than nanoGPT has: the end of a document.
    expect(tokenizer.vocabSize).toBe(65 + 1)
    expect(tokenizer.encode('First Citizen:')).toEqual([
      18, 47, 56, 57, 58, 1, 15, 47, 58, 47, 64, 43, 52, 10,
    ])
    const ids = tokenizer.encode(text)
    expect(ids).toHaveLength(1_115_394)
    expect(tokenizer.decode(ids)).toBe(text)
    const theirs = new HuggingFace(tokenizer.toJSON(), { clean_up_tokenization_spaces: false })
    expect(theirs.encode(text.slice(0, 20_000)).ids).toEqual(ids.slice(0, 20_000))
  })
})

describe('encodeConversation', () => {
  it('learns exactly the answers of real instruction data', async () => {
    const records = JSON.parse(await shared('data/chat/instruction-data.json')) as {
      instruction: string
      output: string
    }[]
    const tokenizer = await trainCharTokenizer(
      [CHATML, ...records.flatMap(({ instruction, output }) => [instruction, output])],
      { specialTokens: CHAT_TOKENS },
    )
    for (const { instruction, output } of records) {
      const { ids, mask } = encodeConversation(tokenizer, CHATML, [
        { role: 'user', content: instruction },
        { role: 'assistant', content: output },
      ])
      const text = tokenizer.decode(ids, { specials: true })
      expect(text).toBe(
        `<|im_start|>user\n${instruction}<|im_end|>\n<|im_start|>assistant\n${output}<|im_end|>\n`,
      )
      const learned = ids.filter((_, i) => mask[i])
      expect(tokenizer.decode(learned, { specials: true })).toBe(`${output}<|im_end|>`)
    }
  })
})
