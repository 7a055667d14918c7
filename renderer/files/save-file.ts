/** Hands bytes to the person as a file. */
export function saveFile(content: unknown, name: string): void {
  if (!(content instanceof Uint8Array)) throw new TypeError('the server sent no file')
  const address = URL.createObjectURL(new Blob([new Uint8Array(content)], { type: 'application/octet-stream' }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The download has its own hold on the bytes by then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
