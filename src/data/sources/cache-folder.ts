import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where fetched data is kept: CHATWRIGHT_CACHE, or else the platform's own place for it. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.CHATWRIGHT_CACHE) return env.CHATWRIGHT_CACHE
  if (process.platform === 'win32' && env.LOCALAPPDATA) {
    return join(env.LOCALAPPDATA, 'chatwright', 'cache')
  }
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'chatwright')
}
