/**
 * Whether a file of a repository, at a path with `/` between its parts, lies inside of the folder
 * that it is put in, whatever the system: no `..`, no root, drive or server, no backslash, no
 * control character. A server that lists another path is broken or hostile, or the repository is.
 */
export function staysInside(path: string): boolean {
  const parts = path.split('/')
  const areNames = parts.every((part) => part !== '' && part !== '.' && part !== '..')
  return areNames && !/\\|\p{Cc}|^[a-z]:/iu.test(path)
}

/**
 * Names of devices, with any extension:
 * https://learn.microsoft.com/windows/win32/fileio/naming-a-file
 */
const DEVICE = /^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$)(\.|$)/i

/** Whether Windows understands a part of the path as something else than a file of this name. */
export const isReserved = (path: string): boolean =>
  path.split('/').some((part) => DEVICE.test(part) || /[<>:"|?*]|[. ]$/.test(part))
