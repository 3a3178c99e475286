import { expect, test } from 'vitest'
import { tinyEncoders } from '../../../test/tiny-models.ts'
import type { EncoderConfig } from '../../models/encoder-config.ts'
import { architectureOf } from '../huggingface/config.ts'
import { readSentence, sentenceFiles, withSentence } from './sentence-transformers.ts'

const bert = tinyEncoders['BERT that embeds'] as EncoderConfig
const reader = (files: Record<string, unknown>) => async (file: string, fallback?: unknown) =>
  files[file] ?? fallback

test.each([
  { pooling: 'first', normalized: true },
  { pooling: 'mean', normalized: false },
  { pooling: 'last', normalized: true },
  { pooling: 'mean', normalized: true, maxTokens: 6 },
  {
    pooling: 'mean',
    normalized: true,
    prompts: { texts: { query: '查询：', document: '' }, default: 'query', pooled: false },
  },
  {
    pooling: 'mean',
    normalized: true,
    prompts: { texts: { query: 'query: ', document: 'passage: ' }, pooled: true },
  },
] as const)('what is written is read again: %j', async (sentence) => {
  const config = withSentence(bert, sentence)
  expect(config).toMatchObject({ head: { task: 'embed', ...sentence } })
  const read = await readSentence(reader(sentenceFiles(config)))
  expect(read).toEqual({ sentence, lowercase: false })
  // The architecture says all of the rest.
  expect(architectureOf(config).modelType).toBe('bert')
})

test('other models have no such files, and are left as they are', () => {
  const classifier = tinyEncoders['BERT that classifies'] as EncoderConfig
  expect(sentenceFiles(classifier)).toEqual({})
  expect(withSentence(classifier, { pooling: 'last', normalized: false })).toBe(classifier)
})

const modules = (...types: string[]) =>
  types.map((type, idx) => ({ idx, path: idx ? `${idx}_${type}` : '', type: `x.models.${type}` }))

test.each([
  [{ 'modules.json': {} }, 'is not a list of modules'],
  [{ 'modules.json': modules('Transformer', 'Pooling', 'Dense') }, 'x.models.Dense'],
  [{ 'modules.json': [{ path: '../x', type: 'x.models.Pooling' }] }, 'not the name of a folder'],
  [
    {
      'modules.json': modules('Transformer', 'Pooling'),
      '1_Pooling/config.json': { pooling_mode_max_tokens: true, pooling_mode_cls_token: false },
    },
    'pools by pooling_mode_max_tokens',
  ],
  [
    {
      'modules.json': modules('Transformer'),
      'config_sentence_transformers.json': { prompts: { a: '' }, default_prompt_name: 'query' },
    },
    'default_prompt_name is "query", and prompts has a',
  ],
  [
    {
      'modules.json': modules('Transformer'),
      'config_sentence_transformers.json': { prompts: ['query: '] },
    },
    'expected prompts, texts by name',
  ],
  [
    {
      'modules.json': modules('Transformer'),
      'sentence_bert_config.json': { max_seq_length: '256' },
    },
    'expected max_seq_length, a whole number',
  ],
])('what cannot be done here is refused: %j', async (files, message) => {
  await expect(readSentence(reader(files))).rejects.toThrow(message)
})
