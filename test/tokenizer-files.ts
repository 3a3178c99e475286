import { tokenOfBytes } from '../src/text/bpe/bytes.ts'
import { byteToken } from '../src/text/pipeline/model.ts'
import { addedToken, type TokenizerJson } from '../src/text/tokenizer-json.ts'
import { charsmapOf } from './charsmap.ts'

/** Small tokenizer.json files of every kind, as Hugging Face's libraries write them. */

const numbered = (tokens: readonly string[]): Record<string, number> =>
  Object.fromEntries(tokens.map((token, id) => [token, id]))

const specials = (contents: readonly string[], vocab: Record<string, number>) =>
  contents.map((content) => addedToken(vocab[content] as number, content, { special: true }))

const file = (parts: Partial<TokenizerJson> & Pick<TokenizerJson, 'model'>): TokenizerJson => ({
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
  ...parts,
})

/**
 * BERT, uncased: `[PAD]` 0, `[UNK]` 1, `[CLS]` 2, `[SEP]` 3, `[MASK]` 4, then words and `##`
 * pieces.
 */
export function bertFile(): TokenizerJson {
  const contents = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
  const letters = 'abcdefghijklmnopqrstuvwxyz'
  const words = ['the', 'cat', 'play', '我', '们', '，', '.', ',', "'", '[', ']', '<', '>']
  const pieces = ['##s', '##ing', '##ed', ...Array.from(letters, (letter) => `##${letter}`)]
  const vocab = numbered([...new Set([...contents, ...words, ...letters, ...pieces])])
  return file({
    added_tokens: specials(contents, vocab),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  })
}

/**
 * T5: `<pad>` 0, `</s>` 1, `<unk>` 2, then pieces with scores. Full-width letters become plain
 * ones.
 */
export function t5File({ bytes = false } = {}): TokenizerJson {
  const contents = ['<pad>', '</s>', '<unk>']
  const pieces: [string, number][] = [
    ['▁', -3],
    ['▁the', -2],
    ['▁cat', -4],
    ['s', -4],
    ['ing', -4.5],
    ['▁play', -5],
    ['我们', -5],
    ['我', -6],
    ['</', -7],
    ['>', -7.5],
    ...Array.from('abcdefghijklmnopqrtuvwxyz,.<', (letter): [string, number] => [letter, -8]),
  ]
  const fallback = Array.from({ length: 256 }, (_, byte): [string, number] => [byteToken(byte), 0])
  const vocab: [string, number][] = [
    ...contents.map((content): [string, number] => [content, 0]),
    ...pieces,
    ...(bytes ? fallback : []),
  ]
  const map = charsmapOf({ ａ: 'a', '\u3000': ' ', '\t': ' ', '\n': ' ', 'e\u0301': 'e' })
  return file({
    added_tokens: specials(contents, numbered(contents)),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Precompiled', precompiled_charsmap: map },
        { type: 'Strip', strip_left: false, strip_right: true },
        { type: 'Replace', pattern: { Regex: ' {2,}' }, content: '▁' },
      ],
    },
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '</s>', type_id: 0 } }],
      pair: [
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '</s>', type_id: 0 } },
        { Sequence: { id: 'B', type_id: 0 } },
        { SpecialToken: { id: '</s>', type_id: 0 } },
      ],
      special_tokens: { '</s>': { id: '</s>', ids: [1], tokens: ['</s>'] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'ByteFallback' },
        { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
      ],
    },
    model: { type: 'Unigram', unk_id: 2, vocab, byte_fallback: bytes },
  })
}

/** Llama 2: `<unk>` 0, `<s>` 1, `</s>` 2, the bytes from 3 on, then characters and merges. */
export function llama2File(): TokenizerJson {
  const contents = ['<unk>', '<s>', '</s>']
  const bytes = Array.from({ length: 256 }, (_, byte) => byteToken(byte))
  const characters = [...'▁abcdefghijklmnopqrstuvwxyz<>/,.我们']
  const merges = ['t h', 'th e', '▁ the', 'c a', 'ca t', '▁ cat', '▁ ▁', '我 们']
  const merged = merges.map((merge) => merge.replace(' ', ''))
  const vocab = numbered([...contents, ...bytes, ...characters, ...merged])
  return file({
    added_tokens: specials(contents, vocab),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [
        { SpecialToken: { id: '<s>', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '<s>', type_id: 1 } },
        { Sequence: { id: 'B', type_id: 1 } },
      ],
      special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      fuse_unk: true,
      byte_fallback: true,
      vocab,
      merges,
    },
  })
}

/**
 * RoBERTa: `<s>` 0, `<pad>` 1, `</s>` 2, `<unk>` 3, the bytes, a few merges, and `<mask>` at the
 * end.
 */
export function robertaFile({ prefixSpace = false } = {}): TokenizerJson {
  const contents = ['<s>', '<pad>', '</s>', '<unk>']
  const bytes = Array.from({ length: 256 }, (_, byte) => tokenOfBytes(Uint8Array.of(byte)))
  const merges = ['t h', 'th e', 'Ġ the', 'c a', 'ca t', 'Ġ cat', 'Ġ Ġ']
  const merged = merges.map((merge) => merge.replace(' ', ''))
  const vocab = numbered([...contents, ...bytes, ...merged, '<mask>'])
  const byteLevel = { type: 'ByteLevel', add_prefix_space: prefixSpace, trim_offsets: true }
  const mask = addedToken(vocab['<mask>'] as number, '<mask>', { special: true, lstrip: true })
  return file({
    added_tokens: [...specials(contents, vocab), mask],
    pre_tokenizer: { ...byteLevel, use_regex: true },
    post_processor: {
      type: 'RobertaProcessing',
      sep: ['</s>', 2],
      cls: ['<s>', 0],
      trim_offsets: true,
      add_prefix_space: prefixSpace,
    },
    decoder: { ...byteLevel, use_regex: true },
    model: { type: 'BPE', unk_token: null, byte_fallback: false, vocab, merges },
  })
}

/** CLIP: characters, the same at the ends of words (`</w>`), and a few merges. */
export function clipFile(): TokenizerJson {
  const contents = ['<|startoftext|>', '<|endoftext|>']
  const characters = [...'abcdefghijklmnopqrstuvwxyz.,我们']
  const merges = ['t h', 'th e</w>', 'c a', 'ca t</w>', 'ca t', '我 们</w>']
  const vocab = numbered([
    ...characters,
    ...characters.map((character) => `${character}</w>`),
    ...merges.map((merge) => merge.replace(' ', '')),
    ...contents,
  ])
  return file({
    added_tokens: specials(contents, vocab),
    normalizer: { type: 'Lowercase' },
    pre_tokenizer: { type: 'WhitespaceSplit' },
    decoder: { type: 'BPEDecoder', suffix: '</w>' },
    model: {
      type: 'BPE',
      unk_token: '<|endoftext|>',
      end_of_word_suffix: '</w>',
      byte_fallback: false,
      vocab,
      merges,
    },
  })
}
