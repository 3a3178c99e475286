import { expect, test } from 'vitest'
import { bertFile } from '../../test/tokenizer-files.ts'
import { templateProcessing } from './input-template.ts'
import { loadTokenizer } from './load.ts'

const template = (post_processor: unknown) => () =>
  loadTokenizer({ ...bertFile(), post_processor }).inputTemplate

test('a written template is read again', () => {
  const ids = { '[CLS]': 2, '[SEP]': 3 }
  const written = templateProcessing('[CLS] $A [SEP]', '[CLS] $A [SEP] $B:1 [SEP]:1', ids)
  expect(template(written)()).toEqual(template(bertFile().post_processor)())
})

test('a template whose tokens have no ids of their own takes the added tokens', () => {
  const written = { ...templateProcessing('[MASK] $A', '$A $B', {}), special_tokens: undefined }
  expect(template(written)()?.single[0]).toEqual({ ids: [4], type: 0 })
})

test('what cannot be done is refused', () => {
  expect(template({ type: 'Sideways' })).toThrow('post_processor is "Sideways"; expected Template')
  expect(template({ type: 'BertProcessing', sep: ['[SEP]', 3] })).toThrow(
    'post_processor.cls is not a token and its id',
  )
  expect(template(templateProcessing('[NO] $A', '$A $B', {}))).toThrow(
    'post_processor names the special token "[NO]", which is not there',
  )
  const { post_processor: bert } = bertFile()
  expect(template({ type: 'Sequence', processors: [bert, bert] })).toThrow('only one is supported')
})
