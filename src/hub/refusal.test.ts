import { readdir } from 'node:fs/promises'
import { describe, expect, it, vi } from 'vitest'
import type { Fault } from '../../test/hub/reply.ts'
import { FakeHub, TOKEN } from '../../test/hub/server.ts'
import { until } from '../../test/hub/until.ts'
import { isWeights, MODEL, NAME, useHub } from '../../test/hub/use-hub.ts'
import { UserError } from '../errors.ts'
import type { PullOptions } from './options.ts'
import { pullModel } from './pull.ts'

vi.mock('node:timers/promises', () => import('../../test/hub/no-waiting.ts'))

const state = useHub()
const pull = (name = NAME, options: PullOptions = {}) =>
  pullModel(name, { ...state.options, ...options })

/** The message of the UserError that a pull ends with. */
const refusalOf = async (name = NAME, options: PullOptions = {}): Promise<string> => {
  const error = await pull(name, options).catch((error) => error)
  expect(error).toBeInstanceOf(UserError)
  return error.message
}
const failAll = (...faults: Fault[]) => {
  state.hub.fault = () => faults.shift()
}

describe('a refusal says what to do', () => {
  it('where there is no such model, or it is private', async () => {
    state.hub.put('someone/secret', MODEL, { isPrivate: true })
    for (const name of ['someone/secret', 'someone/tyni']) {
      const page = `${state.hub.endpoint}/${name}`
      expect(await refusalOf(name)).toMatch(/no model .*private: check the spelling.*set HF_TOKEN/)
      expect(await refusalOf(name)).toContain(page)
    }
    expect(await refusalOf('someone/tyni', { token: TOKEN })).toMatch(/the token may not read it/)
  })

  it('where there is no such revision', async () => {
    expect(await refusalOf(`${NAME}@v9`)).toMatch(/someone\/tiny has no revision 'v9'/)
  })

  const headers = (code: string, message: string) => ({
    'x-error-code': code,
    'x-error-message': message,
  })
  it.each<[string, Fault, RegExp]>([
    ['a gated model', { status: 403, headers: headers('GatedRepo', '') }, /accept its license at/],
    ['one without a token', { status: 401, headers: headers('GatedRepo', '') }, /HF_TOKEN/],
    [
      'an unknown token',
      { status: 401, headers: headers('', 'Invalid credentials in Authorization header') },
      /does not know the token.*settings\/tokens/,
    ],
    ['a token that may not', { status: 403 }, /does not allow this.*settings\/tokens/],
    [
      'what it says itself',
      { status: 418, headers: headers('', 'I am a teapot') },
      /I am a teapot/,
    ],
    [
      'its limit of requests',
      { status: 429, headers: { ratelimit: '"api";r=0;t=170' } },
      /too many requests.*in 3 minutes/,
    ],
  ])('with %s', async (_, fault, message) => {
    failAll(fault)
    expect(await refusalOf(NAME, { token: TOKEN })).toMatch(message)
    expect(state.hub.asked).toHaveLength(1)
  })

  it('never with the token in it, nor what a terminal would obey', async () => {
    const body = JSON.stringify({ error: `token ${TOKEN} \u001b[2J` })
    failAll({ status: 418, body }, { status: 418, body })
    const message = await refusalOf(NAME, { token: TOKEN })
    expect(message).toMatch(/\(token hf_\*\*\* +\[2J\)$/)
    state.hub.put('someone/secret', MODEL, { isPrivate: true })
    const other = 'hf_another'
    expect(await refusalOf('someone/secret', { token: other })).not.toContain(other)
  })
})

describe('what may pass is asked again', () => {
  it('and then works', async () => {
    failAll({ status: 429, headers: { 'retry-after': '1' } }, { status: 503 }, { status: 500 })
    await pull()
    expect(state.hub.asked.slice(0, 4).map(({ url }) => url.split('?')[0])).toEqual(
      Array(4).fill(`/api/models/${NAME}/revision/main`),
    )
  })

  it('but not for ever', async () => {
    state.hub.fault = ({ isStorage }) => (isStorage ? { status: 502 } : undefined)
    expect(await refusalOf()).toMatch(/the Hub has a fault \(status 502\): run again later/)
    expect(state.hub.asked.filter(isWeights)).toHaveLength(5)
  })

  it('and where nobody answers it says so', async () => {
    const gone = await new FakeHub().start()
    await gone.stop()
    const message = await refusalOf(NAME, { endpoint: gone.endpoint })
    expect(message).toMatch(/127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED.*network/)
    expect(message).toMatch(/HF_HUB_OFFLINE=1/)
  })

  it('also where an answer does not come', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const silent = await new FakeHub().start()
    silent.put(NAME, MODEL)
    let isFirst = true
    silent.fault = () => {
      if (!isFirst) return undefined
      isFirst = false
      return { isSilent: true }
    }
    const pulled = pull(NAME, { endpoint: silent.endpoint })
    await until(() => silent.asked.length === 1)
    vi.advanceTimersByTime(10_000)
    await pulled
    vi.useRealTimers()
    expect(silent.asked[0]?.url).toBe(silent.asked[1]?.url)
    await silent.stop()
  })
})

describe('an answer is not believed', () => {
  it.each([
    ['a page', { body: '<html>Sign in to the network</html>' }],
    ['nothing', { body: '' }],
    ['no object', { body: 'null' }],
    ['a commit that leads out', { body: '{"sha":"../../../../etc"}' }],
    ['no commit', { body: '{}' }],
  ])('that is %s', async (_, fault) => {
    failAll(fault)
    expect(await refusalOf()).toMatch(/does not answer as the Hub does about someone\/tiny/)
  })

  it.each([
    '../evil.safetensors',
    '../../../refs/main',
    '/etc/passwd',
    'a/../../b',
    '..\\evil',
    'C:\\evil',
    '\\\\server\\share',
    'a\0b',
    'a//b',
    '',
  ])('that lists a file at %j, whether it is asked for or not', async (path) => {
    state.hub.entry = (entry) => (entry.path === 'README.md' ? { ...entry, path } : entry)
    for (const include of [[], ['*']]) {
      expect(await refusalOf(NAME, { include })).toMatch(/outside of its folder/)
    }
    expect(await readdir(state.cacheDir)).toEqual([])
  })

  it.each([
    ['a checksum that leads out', { oid: '../../x' }],
    ['no checksum', { oid: undefined }],
    ['a negative size', { size: -1 }],
    ['no size', { size: undefined }],
    ['an LFS checksum that leads out', { lfs: { oid: '/x', size: 3 } }],
  ])('that lists %s', async (_, change) => {
    state.hub.entry = (entry) => (entry.path === 'config.json' ? { ...entry, ...change } : entry)
    expect(await refusalOf()).toMatch(/config\.json without its size and checksum/)
    expect(await readdir(state.cacheDir)).toEqual([])
  })

  it('that lists nothing that can be iterated', async () => {
    state.hub.fault = ({ url }) => (url.includes('/tree/') ? { body: '{"a":1}' } : undefined)
    expect(await refusalOf()).toMatch(/does not answer as the Hub does/)
  })

  it('with names that Windows cannot keep, where they are asked for', async () => {
    state.hub.put(NAME, { ...MODEL, 'aux.json': '{}' })
    await pull()
    expect(await refusalOf(NAME, { include: ['*.json'] })).toMatch(/aux\.json.*--exclude/)
    await pull(NAME, { include: ['*.json'], exclude: ['aux*'] })
  })
})

describe('a model that cannot be used is refused', () => {
  it.each([
    [{ 'config.json': '{}', 'pytorch_model.bin': '' }, /pickled.*convert/],
    [{ 'tiny-Q8_0.gguf': '' }, /--include, as '\*Q8_0\.gguf'/],
    [{ 'adapter_config.json': '{}', 'adapter_model.safetensors': '' }, /--include 'adapter_\*'/],
    [{ 'README.md': '' }, /no weights in safetensors: its files are README\.md/],
    [{}, /it is empty/],
  ])('%#', async (content, message) => {
    state.hub.put('someone/other', content as Record<string, string>)
    expect(await refusalOf('someone/other')).toMatch(message)
    expect(await readdir(state.cacheDir)).toEqual([])
  })

  it('and so is a pattern that nothing matches', async () => {
    expect(await refusalOf(NAME, { include: ['*.ggfu'] })).toMatch(
      /no file that matches \*\.ggfu: its files are config\.json, .*onnx\/model\.onnx/,
    )
  })

  it('and what is no name of a model, or no option', async () => {
    expect(await refusalOf('tiny')).toMatch(/'tiny' is not a model.*OWNER\/NAME/)
    expect(await refusalOf(NAME, { includes: [] } as PullOptions)).toMatch(/includes/)
    expect(state.hub.asked).toEqual([])
  })
})
