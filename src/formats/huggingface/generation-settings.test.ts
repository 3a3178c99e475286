import { expect, test } from 'vitest'
import { unusedSettings } from './generation-settings.ts'

test.each<[Record<string, unknown>, string[]]>([
  [{ temperature: 0.6, top_p: 0.9, max_length: 4096, transformers_version: '4.31' }, []],
  [{ max_length: 20 }, ['max_length (20)']],
  // T5's and BART's: they do something with several beams only.
  [{ early_stopping: true, length_penalty: 2 }, []],
  [{ early_stopping: true, num_beams: 4 }, ['early_stopping (true)', 'num_beams (4)']],
  [{ typical_p: 1, guidance_scale: 1, no_repeat_ngram_size: 0, suppress_tokens: [] }, []],
  [{ typical_p: 0.9, penalty_alpha: 0.6 }, ['typical_p (0.9)', 'penalty_alpha (0.6)']],
  [{ bad_words_ids: [[5]], stop_strings: null }, ['bad_words_ids ([[5]])']],
])('of %j it does not use %j', (settings, unused) => {
  expect(unusedSettings(settings, 4096)).toEqual(unused)
})
