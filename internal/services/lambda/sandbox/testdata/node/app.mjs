// The Node function of the tests: the same as the one in Go.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { Worker } from 'node:worker_threads';

console.log('initialized');

export const handler = async ({ do: what = '', name = '', n = 0 }, context) => {
  switch (what) {
    case '': return { hello: name.toUpperCase(), n: n * 2 };
    case 'fail': throw new RangeError(`no ${name}`);
    case 'log': console.log('saw', name); return null;
    case 'env': return process.env[name] ?? '';
    case 'context': return { AwsRequestID: context.awsRequestId, InvokedFunctionArn: context.invokedFunctionArn };
    case 'throw': setTimeout(() => { throw new Error('late'); }); return new Promise(() => {});
    default: return hostile(what, name, n);
  }
};

async function hostile(what, name, n) {
  switch (what) {
    case 'leak':
      for (const kept = [];;) kept.push(Buffer.alloc(1 << 20, 1));
    case 'spin':
      for (;;);
    case 'fork':
      for (let started = 0;; started++) {
        const failed = await new Promise((resolve) => {
          const c = spawn('/bin/sleep', ['60']);
          c.on('spawn', () => resolve()).on('error', resolve);
        });
        if (failed) return `${started} then ${failed}`;
      }
    case 'fill': {
      const f = fs.openSync('/tmp/full', 'w');
      for (let written = 0, block = Buffer.alloc(1 << 20, 1);; written++) {
        try {
          if (fs.writeSync(f, block) < block.length) continue;
        } catch (e) {
          fs.rmSync('/tmp/full');
          return `${written} MB then ${e}`;
        }
      }
    }
    case 'exit': process.exit(n);
    case 'read': return fs.readFileSync(name, 'utf8');
    case 'dial': {
      const [host, port] = name.split(':');
      return new Promise((resolve, reject) => {
        net.connect({ host, port: Number(port), timeout: 1000 }, () => resolve('connected')).on('error', reject);
      });
    }
    case 'kill':
      for (let pid = 1; pid < 5000; pid++) {
        try {
          if (pid !== process.pid) process.kill(pid, 'SIGKILL');
        } catch { /* not there, or not ours */ }
      }
      return 'killed';
    case 'background':
      new Worker(`const fs = require('fs'); for (let i = 0;; i++) fs.writeFileSync('/tmp/count', String(i))`, { eval: true });
      return 'answered';
  }
  throw new Error(`cannot ${what}`);
}

export const stream = awslambda.streamifyResponse(async (event, out) => {
  out.setContentType('text/plain');
  out.write('one ');
  if (event.fail) throw new Error('broke');
  out.write('two');
  out.end();
});
