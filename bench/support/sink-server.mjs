// The process behind `Sink` (sink.mjs): answers each call with 200 and keeps what it was for. HTTP/1.1 by hand over plain
// sockets, because Node's own parser would take several times the processor from what is measured.
import { createServer } from 'node:net';

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok';
const HEAD_END = Buffer.from('\r\n\r\n');

let calls = [];
let faults = 0;

const server = createServer({ noDelay: true }, (socket) => {
  let rest = null;
  socket.on('error', () => undefined); // the caller was killed
  socket.on('data', (chunk) => {
    const receivedAt = performance.timeOrigin + performance.now();
    const data = rest === null ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    let answers = '';
    for (;;) {
      const headEnd = data.indexOf(HEAD_END, from);
      if (headEnd < 0) break;
      const head = data.latin1Slice(from, headEnd);
      if (/\r\ntransfer-encoding:/i.test(head)) {
        faults += 1;
        return socket.destroy();
      }
      const bodyEnd = headEnd + 4 + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (data.length < bodyEnd) break;
      calls.push({
        runId: /\r\nwebhook-id: *([^\r]*)/i.exec(head)?.[1],
        jobId: /\r\ncarillon-job-id: *([^\r]*)/i.exec(head)?.[1],
        scheduledFor: Date.parse(/\r\ncarillon-scheduled-for: *([^\r]*)/i.exec(head)?.[1]),
        receivedAt,
      });
      from = bodyEnd;
      answers += ANSWER;
    }
    rest = from < data.length ? data.subarray(from) : null;
    if (answers !== '') socket.write(answers);
  });
});

process.on('message', ({ id, ask }) => {
  const answer = { count: calls.length, faults };
  if (ask === 'calls') answer.calls = calls;
  if (ask === 'clear') calls = [];
  process.send({ id, answer });
});
process.on('disconnect', () => process.exit());

server.listen(0, '127.0.0.1', 4_096, () => process.send({ listening: server.address().port }));
