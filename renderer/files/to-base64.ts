/** A file as base64, read by the browser itself so that large ones do not hold up the window. */
export function toBase64(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result).replace(/^data:[^,]*,/, ''))
    reader.onerror = () => reject(new Error('The file could not be read', { cause: reader.error }))
    reader.readAsDataURL(file)
  })
}
