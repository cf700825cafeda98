// Sends a file with tus-js-client: node upload.mjs ENDPOINT TOKEN FILE. Prints where it went.
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { Upload } from 'tus-js-client'

const [endpoint, token, path] = process.argv.slice(2)
let begun = false
const upload = new Upload(createReadStream(path), {
  endpoint,
  headers: { Authorization: `Bearer ${token}` },
  metadata: { filename: basename(path) },
  retryDelays: [0, 200, 500, 1000, 2000, 4000, 4000],
  onProgress(sent) {
    if (!begun && sent > 0) {
      begun = true
      console.log('begun')
    }
  },
  onError(error) {
    console.error(String(error))
    process.exit(1)
  },
  onSuccess() {
    console.log(upload.url)
  },
})
upload.start()
