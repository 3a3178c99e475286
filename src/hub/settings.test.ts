import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { hubSettings } from './settings.ts'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'chatwright-'))
})
afterEach(() => rm(home, { recursive: true }))

const cacheDir = async (env: NodeJS.ProcessEnv) => (await hubSettings({}, env)).cacheDir
const token = async (env: NodeJS.ProcessEnv, given?: string) =>
  (await hubSettings({ token: given }, { HF_HOME: home, ...env })).token

it('finds the cache where Hugging Face’s own tools do', async () => {
  expect(await cacheDir({})).toBe(join(homedir(), '.cache/huggingface/hub'))
  expect(await cacheDir({ XDG_CACHE_HOME: '/x' })).toBe(join('/x/huggingface/hub'))
  expect(await cacheDir({ XDG_CACHE_HOME: '/x', HF_HOME: '~/h' })).toBe(join(homedir(), 'h/hub'))
  expect(await cacheDir({ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old' })).toBe('/old')
  expect(await cacheDir({ HF_HUB_CACHE: '/new', HUGGINGFACE_HUB_CACHE: '/old' })).toBe('/new')
  expect((await hubSettings({ cacheDir: '/mine' }, { HF_HUB_CACHE: '/new' })).cacheDir).toBe(
    '/mine',
  )
})

it('finds the token: the option, the variable, the file', async () => {
  expect(await token({})).toBeUndefined()
  await writeFile(join(home, 'token'), 'hf_file\n')
  expect(await token({})).toBe('hf_file')
  expect(await token({ HF_TOKEN: 'hf_variable' })).toBe('hf_variable')
  expect(await token({ HF_TOKEN: 'hf_variable' }, 'hf_option')).toBe('hf_option')
})

it('refuses what is no token, without repeating it', async () => {
  for (const secret of ['sk-secret', 'hf_secret\nx', 'Bearer hf_secret']) {
    const error = await token({ HF_TOKEN: secret }).catch((error) => error)
    expect(error.message).toMatch(/HF_TOKEN is not one of the Hub's.*hf_.*settings\/tokens/)
    expect(error.message).not.toContain('secret')
  }
})

it('reads the address, and whether there is a network', async () => {
  const of = (env: NodeJS.ProcessEnv) => hubSettings({}, env)
  expect(await of({})).toMatchObject({ endpoint: 'https://huggingface.co', offline: false })
  expect((await of({ HF_ENDPOINT: 'http://localhost:8/hub/' })).endpoint).toBe(
    'http://localhost:8/hub',
  )
  expect((await of({ HF_HUB_OFFLINE: 'yes' })).offline).toBe(true)
  expect((await of({ HF_HUB_OFFLINE: '0' })).offline).toBe(false)
  for (const HF_ENDPOINT of ['huggingface.co', 'ftp://x', 'http://user:secret@x']) {
    await expect(of({ HF_ENDPOINT })).rejects.toThrow(/HF_ENDPOINT/)
  }
})
