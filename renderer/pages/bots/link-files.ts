/** What of a folder is sent: the documents of a link, by their place in it; a program keeps databases and pictures beside them. */

/** Enough to tell what it is, where no link can be read of it. */
const named = /(^|\/)(gows\.db|Local State)$/

export async function linkFiles(files: readonly File[]): Promise<Record<string, string>> {
  const wanted = files.filter((file) => /\.json$/i.test(file.name))
  const read = await Promise.all(wanted.map(async (file) => [pathOf(file), await file.text()] as const))
  const others = files.map(pathOf).filter((path) => named.test(path))
  return Object.fromEntries([...read, ...others.map((path) => [path, ''] as const)])
}

function pathOf(file: File): string {
  return file.webkitRelativePath === '' ? file.name : file.webkitRelativePath
}
