// A bare Node.js echo: `node echo.mjs PORT SIZE…` answers each message with frames of these sizes, in one write.
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const [port, ...sizes] = process.argv.slice(2).map(Number)
const replies = sizes.map((size) => 'x'.repeat(size))
const server = createServer()
const sockets = new WebSocketServer({ server, path: '/ws', perMessageDeflate: false, maxPayload: 4096 })

sockets.on('connection', (socket, request) => {
  request.socket.setNoDelay(true)
  socket.on('error', () => socket.terminate())
  socket.on('message', () => {
    request.socket.cork()
    for (const reply of replies) socket.send(reply)
    request.socket.uncork()
  })
})
// Thousands connect at once; the default queue of 511 would turn some away.
server.listen({ port, host: '127.0.0.1', backlog: 4096 })
