import { expect, test } from 'vitest'
import { encodeInput } from '../encode-input.ts'
import { loadTokenizer } from '../load.ts'
import type { TokenizerConfig } from '../tokenizer-json.ts'
import { wordPieceTokenizer } from './word-piece.ts'

const lines = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  '[MASK]',
  'the',
  'Caf',
  '##é',
  'caf',
  '##e',
  '我',
  '##们',
  '们',
]
const vocab = `${lines.join('\n')}\n`

const load = (config: TokenizerConfig = {}, text = vocab) =>
  loadTokenizer(wordPieceTokenizer(text, config), config)

test('vocab.txt has a token on each line', () => {
  const tokenizer = load()
  expect(tokenizer.vocabSize).toBe(13)
  expect(tokenizer.specialTokens).toEqual({
    '[PAD]': 0,
    '[UNK]': 1,
    '[CLS]': 2,
    '[SEP]': 3,
    '[MASK]': 4,
  })
  expect(encodeInput(tokenizer, 'The café', { pair: '我们' })).toEqual({
    ids: [2, 5, 8, 9, 3, 10, 12, 3],
    typeIds: [0, 0, 0, 0, 0, 1, 1, 1],
  })
  expect(tokenizer.decode([2, 8, 9, 3])).toBe('cafe')
  expect(load({}, lines.join('\r\n')).toJSON()).toEqual(tokenizer.toJSON())
})

test('settings are those of tokenizer_config.json', () => {
  expect(load({ do_lower_case: false }).encode('Café the')).toEqual([6, 7, 5])
  expect(load({ do_lower_case: false, strip_accents: true }).encode('Café')).toEqual([6, 9])
  expect(load({ strip_accents: false }).encode('café')).toEqual([8, 7])
  expect(load({ tokenize_chinese_chars: false }).encode('我们')).toEqual([10, 11])
})

test('special tokens may have other names', () => {
  const text = vocab.replace('[CLS]', '<s>').replace('[SEP]', '</s>')
  const { clsId, sepId, maskId } = load({ cls_token: '<s>', sep_token: { content: '</s>' } }, text)
  expect([clsId, sepId, maskId]).toEqual([2, 3, 4])
})

test('a file that is none is refused', () => {
  expect(() => wordPieceTokenizer('a\nb\n')).toThrow('there is no [UNK] among its 2 tokens')
})
