// Compiles src into dist: for `npm run build`, and for the executable of a clone. A build takes
// place in a temporary folder beside dist and replaces dist only when it is complete.
const { spawnSync } = require('node:child_process')
const { createHash, randomBytes } = require('node:crypto')
const fs = require('node:fs')
const { join } = require('node:path')

const root = join(__dirname, '..')
const dist = join(root, 'dist')
const STAMP = '.sources'

/**
 * A hash of the compiled files' names, sizes and modification times. Comparing the times with the
 * build's own would overlook deleted files, and rebuild forever after a time in the future.
 */
function stampOfSources() {
  const names = fs.readdirSync(join(root, 'src'), { recursive: true })
  const sources = names.filter((name) => /(?<!\.test)\.ts$/.test(name)).sort()
  const hash = createHash('sha256')
  for (const name of ['tsconfig.json', 'tsconfig.build.json', ...sources]) {
    const folder = name.startsWith('tsconfig.') ? root : join(root, 'src')
    const file = fs.statSync(join(folder, name), { throwIfNoEntry: false })
    hash.update(`${name} ${file?.size} ${file?.mtimeMs}\n`)
  }
  return hash.digest('hex')
}

function stampOfDist() {
  const path = join(dist, STAMP)
  return fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : undefined
}

/** A folder that cannot be removed costs only space. */
function remove(folder) {
  try {
    fs.rmSync(folder, { recursive: true, force: true })
  } catch {}
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Removes the temporary folders of builds that were killed. */
function removeLeftovers() {
  for (const name of fs.readdirSync(root)) {
    const [, pid] = /^dist\.(\d+)\.[\da-f]{6}(?:\.old)?$/.exec(name) ?? []
    if (pid !== undefined && !isRunning(Number(pid))) remove(join(root, name))
  }
}

/** Puts `folder` in dist's place, unless another process has just built the same sources. */
function replaceDist(folder, stamp, stampBefore) {
  for (;;) {
    try {
      return fs.renameSync(folder, dist)
    } catch (error) {
      if (!fs.existsSync(dist)) throw error
    }
    if (stampBefore !== stamp && stampOfDist() === stamp) return
    remove(`${folder}.old`)
    try {
      fs.renameSync(dist, `${folder}.old`)
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
  }
}

/** Builds; returns why it could not, in one sentence, or undefined. */
function build() {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  if (!fs.existsSync(tsc)) {
    return `TypeScript, which builds Chatwright, is missing: run \`npm ci --include=dev\` in ${root}.`
  }
  const folder = `${dist}.${process.pid}.${randomBytes(3).toString('hex')}`
  try {
    removeLeftovers()
    const [stamp, stampBefore] = [stampOfSources(), stampOfDist()]
    fs.mkdirSync(folder)
    fs.writeFileSync(join(folder, STAMP), stamp)
    const options = ['-p', 'tsconfig.build.json', '--noEmitOnError', '--outDir', folder]
    const stdio = ['ignore', 2, 2]
    const { status } = spawnSync(process.execPath, [tsc, ...options], { cwd: root, stdio })
    if (status !== 0) return 'Chatwright was not built: see above. dist is as it was.'
    replaceDist(folder, stamp, stampBefore)
  } catch (error) {
    if (error.code === undefined) throw error
    return `Chatwright was not built: ${root} and its dist must be writable (${error.message}).`
  } finally {
    remove(folder)
    remove(`${folder}.old`)
  }
}

/** Builds, or ends the process with the reason and exit code 1. */
function buildOrExit() {
  const failure = build()
  if (failure === undefined) return
  console.error(failure)
  process.exit(1)
}

module.exports = { buildOrExit, isStale: () => stampOfDist() !== stampOfSources() }
if (require.main === module) buildOrExit()
