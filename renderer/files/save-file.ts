/** Hands something to the person as a file. */
export function saveFile(name: string, content: string | Uint8Array, type = 'application/octet-stream'): void {
  const part = typeof content === 'string' ? content : new Uint8Array(content)
  const address = URL.createObjectURL(new Blob([part], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The download has its own hold on the bytes by then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}

/** A reply that has to be a file. */
export function bytesOf(reply: unknown): Uint8Array {
  if (!(reply instanceof Uint8Array)) throw new TypeError('the server sent no file')
  return reply
}

/** Some text as a part of a file's name. */
export const fileName = (text: string): string => text.replaceAll(/[^\w.-]+/g, '-')
