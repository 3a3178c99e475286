import { readdir } from 'node:fs/promises'
import { expect, it, vi } from 'vitest'
import { useHub, weights } from '../../test/hub/use-hub.ts'
import { findAdapters } from './find-model.ts'

vi.mock('node:timers/promises', () => import('../../test/hub/no-waiting.ts'))

const state = useHub()

it('an adapter on the Hub comes with its tokenizer, once, and nothing else', async () => {
  vi.stubEnv('HF_ENDPOINT', state.hub.endpoint)
  vi.stubEnv('HF_HUB_CACHE', state.cacheDir)
  state.hub.put('someone/adapter', {
    'adapter_config.json': '{}',
    'adapter_model.safetensors': weights,
    'tokenizer.json': '{"version":"1.0"}',
    'chat_template.jinja': '{{ messages }}',
    'training_args.bin': 'pickle',
    'README.md': '# Adapter',
    'checkpoint-10/trainer_state.json': '{}',
  })
  const [local, folder = ''] = await findAdapters(['src/cli', 'someone/adapter'])
  expect(local).toBe('src/cli')
  expect((await readdir(folder)).sort()).toEqual([
    'adapter_config.json',
    'adapter_model.safetensors',
    'chat_template.jinja',
    'tokenizer.json',
  ])
  state.hub.asked.length = 0
  expect(await findAdapters(['someone/adapter'])).toEqual([folder])
  expect(state.hub.asked).toEqual([])
})
