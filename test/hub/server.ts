import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gitSha1, LARGE, oidOf, sha256 } from './checksums.ts'
import { type Fault, Reply } from './reply.ts'
import { type LargeFile, Storage } from './storage.ts'

/** Content by path. */
export type Content = Record<string, string | Uint8Array>

interface Repository {
  private?: boolean
  /** Files by commit, and commits by branch or tag. */
  commits: Map<string, Map<string, Buffer>>
  refs: Map<string, string>
}

export interface Asked {
  method: string
  /** Path and query. */
  url: string
  headers: IncomingMessage['headers']
  /** Of the place where large files are, which is a server of its own. */
  isStorage: boolean
}

export const TOKEN = 'hf_abcdefghijklmnop'

/** The part of the Hugging Face Hub that a model is pulled from and pushed to, on this machine. */
export class FakeHub {
  readonly models = new Map<string, Repository>()
  readonly asked: Asked[] = []
  /** Decides what goes wrong with a request. */
  fault: (asked: Asked) => Fault | undefined = () => undefined
  /** Entries of a page of a tree. */
  pageSize = 2
  /** Of the commits that were pushed. */
  readonly messages: string[] = []
  /** Changes an entry of a tree. */
  entry: (entry: Record<string, unknown>) => unknown = (entry) => entry
  readonly storage = new Storage()
  readonly #servers: Server[] = []
  endpoint = ''

  async start(): Promise<this> {
    this.endpoint = await this.#listen(false)
    this.storage.endpoint = await this.#listen(true)
    return this
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) server.closeAllConnections()
    await Promise.all(this.#servers.map((server) => new Promise((done) => server.close(done))))
  }

  /** Adds a commit with these files alone to the branch `main`; resolves with its 40 digits. */
  put(name: string, content: Content, { isPrivate = false } = {}): string {
    const files = Object.entries(content).map(
      ([path, bytes]) => [path, Buffer.from(bytes as string)] as const,
    )
    const repository: Repository = this.models.get(name) ?? { commits: new Map(), refs: new Map() }
    const commit = createHash('sha1')
      .update(JSON.stringify([name, files]))
      .digest('hex')
    repository.private ||= isPrivate
    repository.commits.set(commit, new Map(files))
    repository.refs.set('main', commit)
    this.models.set(name, repository)
    for (const [, bytes] of files) this.storage.put(bytes)
    return commit
  }

  /** What `main` of a model holds. */
  files(name: string): Map<string, Buffer> {
    const repository = this.models.get(name)
    return repository?.commits.get(repository.refs.get('main') ?? '') ?? new Map()
  }

  #listen(isStorage: boolean): Promise<string> {
    const server = createServer((request, response) => {
      const { method = '', url = '', headers } = request
      const asked = { method, url, headers, isStorage }
      this.asked.push(asked)
      const fault = this.fault(asked) ?? {}
      if (fault.isSilent) return
      const reply = new Reply(request, response, fault)
      const answered = isStorage ? this.storage.serve(reply) : this.#answer(reply)
      answered.catch((error) => response.destroy(error))
    })
    this.#servers.push(server)
    return new Promise((resolve) => {
      // Other hosts, so that what is meant for one is not sent to the other.
      const host = isStorage ? 'localhost' : '127.0.0.1'
      server.listen(0, host, () => {
        resolve(`http://${host}:${(server.address() as AddressInfo).port}`)
      })
    })
  }

  async #answer(reply: Reply): Promise<void> {
    const { pathname, searchParams } = new URL(reply.url, this.endpoint)
    const path = decodeURIComponent(pathname)
    if (reply.fault.status) return reply.json({ error: 'a fault' })
    if (path === '/api/repos/create') return this.#create(reply)
    const [, name = '', rest = ''] =
      /^(?:\/api\/models)?\/([^/]+\/[^/]+?)(?:\.git)?\/(.*)$/.exec(path) ?? []
    const repository = this.models.get(name)
    const isAllowed = !repository?.private || reply.token === TOKEN
    if (!repository || !isAllowed)
      return reply.refuse(reply.token ? 404 : 401, 'RepoNotFound', 'Repository not found')
    const [verb, revision = ''] = rest.split('/', 1).concat(rest.split('/').slice(1).join('/'))
    if (verb === 'preupload') return this.#preupload(reply)
    if (verb === 'info') return this.#batch(reply)
    if (verb === 'commit') return this.#commit(reply, name)
    const isHead = revision === 'HEAD'
    const wanted = isHead ? 'main' : verb === 'resolve' ? revision.slice(0, 40) : revision
    const commit = repository.refs.get(wanted) ?? wanted
    const files = repository.commits.get(commit)
    if (!files) return reply.refuse(404, 'RevisionNotFound', `Invalid rev id: ${wanted}`)
    if (verb === 'revision') {
      const siblings = [...files.keys()].map((rfilename) => ({ rfilename }))
      return reply.json({
        _id: '1',
        id: name,
        sha: commit,
        private: !!repository.private,
        siblings,
      })
    }
    if (verb === 'tree') return this.#tree(reply, files, Number(searchParams.get('cursor')))
    const bytes = files.get(revision.slice(41))
    if (!bytes) return reply.refuse(404, 'EntryNotFound', 'Entry not found')
    reply.set({ etag: `"${oidOf(bytes)}"`, 'x-repo-commit': commit, 'accept-ranges': 'bytes' })
    if (bytes.length < LARGE) return reply.bytes(bytes)
    reply.set({ 'x-linked-etag': `"${sha256(bytes)}"`, 'x-linked-size': `${bytes.length}` })
    return reply.redirect(this.storage.address(sha256(bytes)))
  }

  #tree(reply: Reply, files: Map<string, Buffer>, start: number): void {
    const entries = [...files].map(([path, bytes]) => {
      const { length: size } = bytes
      const lfs = { oid: sha256(bytes), size, pointerSize: 130 }
      return this.entry({
        type: 'file',
        path,
        size,
        oid: gitSha1(bytes),
        ...(size >= LARGE && { lfs }),
      })
    })
    const end = start + this.pageSize
    const next = new URL(reply.url, this.endpoint)
    next.searchParams.set('cursor', `${end}`)
    if (end < entries.length) reply.set({ link: `<${next}>; rel="next"` })
    reply.json(entries.slice(start, end))
  }

  async #create(reply: Reply): Promise<void> {
    const { organization, name, visibility } = JSON.parse(await reply.text())
    if (reply.token !== TOKEN) return reply.refuse(401, '', 'Invalid credentials in header')
    const id = `${organization}/${name}`
    if (this.models.has(id)) return reply.refuse(409, '', 'You already created this model repo')
    this.put(id, {}, { isPrivate: visibility === 'private' })
    return reply.json({ url: `${this.endpoint}/${id}`, id })
  }

  async #preupload(reply: Reply): Promise<void> {
    const { files } = JSON.parse(await reply.text()) as { files: { path: string; size: number }[] }
    const modes = files.map(({ path, size }) => ({
      path,
      uploadMode: size < LARGE ? 'regular' : 'lfs',
    }))
    reply.json({ files: modes })
  }

  async #batch(reply: Reply): Promise<void> {
    const { objects } = JSON.parse(await reply.text()) as { objects: LargeFile[] }
    const transfer = this.storage.partSize ? 'multipart' : 'basic'
    reply.json({ transfer, objects: objects.map((file) => this.storage.batchEntry(file)) })
  }

  async #commit(reply: Reply, name: string): Promise<void> {
    const lines = (await reply.text()).split('\n').map((line) => JSON.parse(line))
    const content: Record<string, Uint8Array> = Object.fromEntries(this.files(name))
    for (const { key, value } of lines) {
      if (key === 'header') this.messages.push(value.summary)
      if (key === 'file') content[value.path] = Buffer.from(value.content, value.encoding)
      if (key !== 'lfsFile') continue
      const bytes = this.storage.get(value.oid)
      if (bytes?.length !== value.size) return reply.refuse(400, '', 'a file was not uploaded')
      content[value.path] = bytes as Buffer
    }
    const commitOid = this.put(name, content)
    reply.json({ commitOid, commitUrl: `${this.endpoint}/${name}/commit/${commitOid}` })
  }
}
