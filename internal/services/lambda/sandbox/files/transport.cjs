// What the official client (aws-lambda-ric) asks of its native part: next, done and error, on one connection to the Runtime API.
// An answer is written before done returns, as the client may end the process right after it.
'use strict';
const fs = require('fs');
const net = require('net');

const prefix = '/2018-06-01/runtime/invocation/';
const pause = new Int32Array(new SharedArrayBuffer(4));
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
let socket, connected;
let received = Buffer.alloc(0);
const waiting = []; // one per answer that is to come: a callback, or null when nobody wants to know

function connect() {
  connected ??= new Promise((resolve, reject) => {
    socket = net.connect({ host, port: Number(port), noDelay: true }, resolve);
    socket.on('data', take);
    socket.on('error', reject);
    socket.on('close', () => process.exit(1));
  });
  return connected;
}

function send(text) {
  const data = Buffer.from(text);
  for (let at = 0; at < data.length;) {
    try {
      at += fs.writeSync(socket._handle.fd, data, at);
    } catch (e) {
      if (e.code !== 'EAGAIN') throw e;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

// take reads answers of the form that the server gives them: a status line, headers with a length, a body.
function take(chunk) {
  received = received.length ? Buffer.concat([received, chunk]) : chunk;
  for (;;) {
    const end = received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const lines = received.toString('latin1', 0, end).split('\r\n');
    const headers = {};
    for (const line of lines.slice(1)) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const length = Number(headers['content-length'] ?? 0);
    if (received.length < end + 4 + length) return;
    const body = received.toString('utf8', end + 4, end + 4 + length);
    received = received.subarray(end + 4 + length);
    waiting.shift()?.(Number(lines[0].split(' ')[1]), headers, body);
  }
}

exports.next = async () => {
  await connect();
  return new Promise((resolve, reject) => {
    waiting.push((status, headers, bodyJson) => {
      socket.unref(); // the connection alone does not keep a function going
      if (status === 200) resolve({ bodyJson, headers });
      else reject(new Error(`the Runtime API answered ${status}: ${bodyJson}`));
    });
    socket.ref();
    send(`GET ${prefix}next HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  });
};

function post(path, body, more) {
  waiting.push(null);
  send(`POST ${prefix}${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

exports.done = (id, body) => post(`${id}/response`, body, '');
exports.error = (id, body, cause) => post(`${id}/error`, body, cause ? `Lambda-Runtime-Function-XRay-Error-Cause: ${cause.replace(/[\r\n]/g, ' ')}\r\n` : '');
